// Values of all types, each as the type that it has.

/// A value. The case says its type, but for parts that aren't there: those of `opt(nil)` and of an empty `vec`.
///
/// Values that come from bytes or text have at most the depth that the limits allow. Comparing, printing and freeing
/// deeper ones, which only a program can build, may take more stack than there is.
public enum CandidValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case nat(Natural)
  case int(Integer)
  case nat8(UInt8)
  case nat16(UInt16)
  case nat32(UInt32)
  case nat64(UInt64)
  case int8(Int8)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case float32(Float)
  case float64(Double)
  case text(String)
  /// The one value of the type `reserved`, to which everything else is converted.
  case reserved
  case principal(Principal)
  indirect case opt(CandidValue?)
  case vec([CandidValue])
  /// A vector of bytes; decoding always gives this instead of a `vec`.
  case blob([UInt8])
  case record(CandidRecord)
  indirect case variant(CandidField)
  case `func`(CandidFunction)
  case service(Principal)
}

/// A field of a record with its value, or a case of a variant.
public struct CandidField: Hashable, Sendable {
  public var label: CandidLabel
  public var value: CandidValue

  public init(_ label: CandidLabel, _ value: CandidValue) {
    self.label = label
    self.value = value
  }
}

/// A method of a canister.
public struct CandidFunction: Hashable, Sendable {
  public var canister: Principal
  public var method: String

  public init(canister: Principal, method: String) {
    self.canister = canister
    self.method = method
  }
}

/// The fields of a record, in the order of their numbers. A label occurs once.
public struct CandidRecord: Hashable, Sendable {
  public let fields: [CandidField]

  /// A record with these fields, in any order; `nil` if a label occurs twice.
  public init?(_ fields: [CandidField]) {
    let sorted = fields.sorted { $0.label < $1.label }
    for (field, next) in zip(sorted, sorted.dropFirst()) where field.label == next.label { return nil }
    self.fields = sorted
  }

  /// A record whose fields are known to be in order.
  init(sorted fields: [CandidField]) { self.fields = fields }

  /// The value of a field. Takes logarithmic time.
  public subscript(_ label: CandidLabel) -> CandidValue? {
    var low = 0
    var high = fields.count
    while low < high {
      let middle = (low + high) / 2
      if fields[middle].label < label { low = middle + 1 } else { high = middle }
    }
    return low < fields.count && fields[low].label == label ? fields[low].value : nil
  }
}

extension CandidRecord: ExpressibleByDictionaryLiteral {
  /// A record as it is written in a program, where a label that occurs twice is a mistake of the program.
  public init(dictionaryLiteral elements: (CandidLabel, CandidValue)...) {
    guard let record = CandidRecord(elements.map { CandidField($0, $1) }) else {
      preconditionFailure("a record with two fields of one label")
    }
    self = record
  }
}

extension CandidValue {
  /// A record whose fields have the numbers from 0 on.
  public static func tuple(_ values: CandidValue...) -> CandidValue {
    .record(CandidRecord(sorted: values.enumerated().map { CandidField(CandidLabel(id: UInt32($0)), $1) }))
  }

  /// The case of a variant, without a value unless one is given.
  public static func variant(_ label: CandidLabel, _ value: CandidValue = .null) -> CandidValue {
    .variant(CandidField(label, value))
  }
}
