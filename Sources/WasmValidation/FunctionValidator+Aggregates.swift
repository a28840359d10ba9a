// Structures, arrays and unboxed integers (the garbage collection proposal).
//
// Source: WebAssembly 3.0, section 3.4 (aggregate instructions).

import WebAssembly

extension FunctionValidator {
  private mutating func typeEntry(_ index: UInt32) throws(ModuleError) -> TypeEntry {
    if index >= tables.typeCount { throw fail(.unknownType, "\(index)") }
    return tables.types[Int(index)]
  }

  private mutating func structure(_ index: UInt32) throws(ModuleError) -> TypeEntry {
    let entry = try typeEntry(index)
    if entry.kind != .structure { throw fail(.notStructType, "type \(index)") }
    return entry
  }

  private mutating func field() throws(ModuleError) -> FieldEntry {
    let entry = try structure(instruction.a)
    if instruction.b >= entry.fieldCount { throw fail(.unknownField, "\(instruction.b)") }
    return tables.fields[Int(entry.firstField + instruction.b)]
  }

  /// The element of array type `index`.
  private mutating func array(_ index: UInt32) throws(ModuleError) -> FieldEntry {
    let entry = try typeEntry(index)
    if entry.kind != .array { throw fail(.notArrayType, "type \(index)") }
    return tables.fields[Int(entry.firstField)]
  }

  private mutating func mutableArray(_ index: UInt32) throws(ModuleError) -> FieldEntry {
    let element = try array(index)
    if !element.isMutable { throw fail(.immutableArray, "type \(index)") }
    return element
  }

  /// Packed integers are read with an extension, all other fields without.
  private mutating func checkPacking(_ field: FieldEntry, extends: Bool) throws(ModuleError) {
    if (field.packedBits != 0) != extends {
      throw fail(
        .packedAccess, "\(instruction.opcode.mnemonic) of \(field.packedBits == 0 ? "an unpacked" : "a packed") field")
    }
  }

  // MARK: Structures

  mutating func structNew(_ index: UInt32) throws(ModuleError) {
    let entry = try structure(index)
    for field in (0..<Int(entry.fieldCount)).reversed() {
      // Further fields meet no operand.
      if height == base && frames[depth - 1].isUnreachable { break }
      try pop(tables.fields[Int(entry.firstField) + field].type)
    }
    try push(.ref(.concrete(index), nullable: false))
  }

  mutating func structNewDefault(_ index: UInt32) throws(ModuleError) {
    let entry = try structure(index)
    for field in 0..<Int(entry.fieldCount) where !tables.fields[Int(entry.firstField) + field].type.isDefaultable {
      throw fail(.notDefaultable, "field \(field) of type \(index)")
    }
    try push(.ref(.concrete(index), nullable: false))
  }

  mutating func structGet(extends: Bool) throws(ModuleError) {
    let field = try field()
    try checkPacking(field, extends: extends)
    try pop(.ref(.concrete(instruction.a), nullable: true))
    try push(field.type)
  }

  mutating func structSet() throws(ModuleError) {
    let field = try field()
    if !field.isMutable { throw fail(.immutableField, "field \(instruction.b) of type \(instruction.a)") }
    try pop(field.type)
    try pop(.ref(.concrete(instruction.a), nullable: true))
  }

  // MARK: Arrays

  mutating func arrayNew(_ index: UInt32) throws(ModuleError) {
    let element = try array(index)
    try pop(.i32)
    try pop(element.type)
    try push(.ref(.concrete(index), nullable: false))
  }

  mutating func arrayNewDefault(_ index: UInt32) throws(ModuleError) {
    if !(try array(index).type.isDefaultable) { throw fail(.notDefaultable, "type \(index)") }
    try pop(.i32)
    try push(.ref(.concrete(index), nullable: false))
  }

  mutating func arrayNewFixed() throws(ModuleError) {
    try popRepeated(try array(instruction.a).type, count: instruction.b)
    try push(.ref(.concrete(instruction.a), nullable: false))
  }

  /// Elements that come from a data segment are numbers or vectors.
  private mutating func checkNumeric(_ element: FieldEntry) throws(ModuleError) {
    if element.type.isReference {
      throw fail(.typeMismatch, "\(instruction.opcode.mnemonic): array type is not numeric or vector")
    }
  }

  private mutating func checkElements(_ segment: UInt32, into element: FieldEntry) throws(ModuleError) {
    let type = try self.element(segment)
    if element.packedBits != 0 || !tables.matches(type, element.type) { throw mismatch(element.type, type) }
  }

  mutating func arrayNewData() throws(ModuleError) {
    try checkNumeric(try array(instruction.a))
    try checkData(instruction.b)
    try newFromSegment(instruction.a)
  }

  mutating func arrayNewElem() throws(ModuleError) {
    try checkElements(instruction.b, into: try array(instruction.a))
    try newFromSegment(instruction.a)
  }

  private mutating func newFromSegment(_ index: UInt32) throws(ModuleError) {
    try pop(.i32)
    try pop(.i32)
    try push(.ref(.concrete(index), nullable: false))
  }

  mutating func arrayGet(_ index: UInt32, extends: Bool) throws(ModuleError) {
    let element = try array(index)
    try checkPacking(element, extends: extends)
    try pop(.i32)
    try pop(.ref(.concrete(index), nullable: true))
    try push(element.type)
  }

  mutating func arraySet(_ index: UInt32) throws(ModuleError) {
    let element = try mutableArray(index)
    try pop(element.type)
    try pop(.i32)
    try pop(.ref(.concrete(index), nullable: true))
  }

  mutating func arrayLen() throws(ModuleError) {
    try pop(.ref(.array, nullable: true))
    try push(.i32)
  }

  mutating func arrayFill(_ index: UInt32) throws(ModuleError) {
    let element = try mutableArray(index)
    try pop(.i32)
    try pop(element.type)
    try pop(.i32)
    try pop(.ref(.concrete(index), nullable: true))
  }

  mutating func arrayCopy() throws(ModuleError) {
    let destination = try mutableArray(instruction.a)
    let source = try array(instruction.b)
    if destination.packedBits != source.packedBits || !tables.matches(source.type, destination.type) {
      throw fail(.typeMismatch, "array types do not match")
    }
    try pop(.i32)
    try pop(.i32)
    try pop(.ref(.concrete(instruction.b), nullable: true))
    try pop(.i32)
    try pop(.ref(.concrete(instruction.a), nullable: true))
  }

  mutating func arrayInitData() throws(ModuleError) {
    try checkNumeric(try mutableArray(instruction.a))
    try checkData(instruction.b)
    try initFromSegment(instruction.a)
  }

  mutating func arrayInitElem() throws(ModuleError) {
    try checkElements(instruction.b, into: try mutableArray(instruction.a))
    try initFromSegment(instruction.a)
  }

  private mutating func initFromSegment(_ index: UInt32) throws(ModuleError) {
    try pop(.i32)
    try pop(.i32)
    try pop(.i32)
    try pop(.ref(.concrete(index), nullable: true))
  }

  // MARK: Unboxed integers

  mutating func refI31() throws(ModuleError) {
    try pop(.i32)
    try push(.ref(.i31, nullable: false))
  }

  mutating func i31Get() throws(ModuleError) {
    try pop(.ref(.i31, nullable: true))
    try push(.i32)
  }
}
