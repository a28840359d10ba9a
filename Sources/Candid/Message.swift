// The interface to messages: sequences of arguments, or of results, as bytes.

/// The arguments of a message, converted to the types that are expected.
///
/// Arguments and fields that are missing are null where their type allows it; those that aren't expected are passed over.
/// An option whose content is not of the expected type is null.
/// - Throws: `malformed` if the bytes are no message, `limitExceeded` if they ask for too much, and the other cases if
///   the arguments are not of the types.
public func decodeArguments(
  _ bytes: [UInt8], as types: CandidTypes, limits: CandidLimits = CandidLimits()
) throws(CandidError) -> [CandidValue] {
  try Decoder.arguments(bytes, as: types, limits: limits).values
}

/// The arguments of a message as they were sent, with their types. Fields have numbers only: names aren't sent.
public func decodeArguments(
  _ bytes: [UInt8], limits: CandidLimits = CandidLimits()
) throws(CandidError) -> (values: [CandidValue], types: CandidTypes) {
  try Decoder.arguments(bytes, as: nil, limits: limits)
}

/// The message with these arguments. Arguments and fields may be left out where their type allows null. A number may come
/// from a value of any integer type that is in the type's range.
/// - Throws: an error with the path to the first value that is not of its type.
public func encodeArguments(_ values: [CandidValue], as types: CandidTypes) throws(CandidError) -> [UInt8] {
  try Encoder.arguments(values, as: types)
}

/// The message with these arguments, at the types that the values themselves have.
/// - Throws: `noCommonType` if the elements of a vector have none.
public func encodeArguments(_ values: [CandidValue]) throws(CandidError) -> [UInt8] {
  try Encoder.arguments(values, as: CandidTypes(of: values))
}
