// The rules of coercion, written down as the specification has them: on whole values, without a message. What decoding at
// another type gives is compared with this. Functions and services are left out.

import Candid

struct Coercion {
  let from: TypeTable
  let to: TypeTable

  private func acceptsNull(_ type: TypeReference, _ table: TypeTable) -> Bool {
    if case .opt? = table[type] { return true }
    return type == .primitive(.null) || type == .primitive(.reserved)
  }

  private func absent(_ type: TypeReference) -> CandidValue? {
    if case .opt? = to[type] { return .opt(nil) }
    return type == .primitive(.null) ? .null : type == .primitive(.reserved) ? .reserved : nil
  }

  func coerced(_ values: [CandidValue], _ types: [TypeReference], to wanted: [TypeReference]) -> [CandidValue]? {
    var result: [CandidValue] = []
    for (index, type) in wanted.enumerated() {
      guard let value = index < values.count ? coerced(values[index], types[index], to: type) : absent(type) else {
        return nil
      }
      result.append(value)
    }
    return result
  }

  func coerced(_ value: CandidValue, _ type: TypeReference, to wanted: TypeReference) -> CandidValue? {
    if wanted == .primitive(.reserved) { return .reserved }
    if case .opt(let content)? = to[wanted] {
      if case .opt(let inner)? = from[type] {
        guard case .opt(let some) = value, let some else { return .opt(nil) }
        return .opt(coerced(some, inner, to: content))
      }
      if acceptsNull(type, from) { return .opt(nil) }
      return .opt(coerced(value, type, to: content))
    }
    switch (from[type], to[wanted], value) {
    case (nil, nil, .nat(let number)) where wanted == .primitive(.int): return .int(Integer(number))
    case (nil, nil, _): return type == wanted ? value : nil
    case (.vec(let element), .vec(let wantedElement), .blob(let bytes)):
      if wantedElement == .primitive(.nat8) { return value }
      let values = bytes.map { coerced(.nat8($0), element, to: wantedElement) }
      return values.contains(nil) ? nil : .vec(values.map { $0! })
    case (.vec(let element), .vec(let wantedElement), .vec(let values)):
      let results = values.map { coerced($0, element, to: wantedElement) }
      guard !results.contains(nil) else { return nil }
      return wantedElement == .primitive(.nat8) ? .blob([]) : .vec(results.map { $0! })
    case (.record(let fields), .record(let wantedFields), .record(let record)):
      var result: [CandidField] = []
      for field in wantedFields {
        let own = fields.first { $0.label == field.label }
        let value = own.map { coerced(record[field.label]!, $0.type, to: field.type) } ?? absent(field.type)
        guard let value else { return nil }
        result.append(CandidField(field.label, value))
      }
      return .record(CandidRecord(result)!)
    case (.variant(let fields), .variant(let wantedFields), .variant(let chosen)):
      guard let own = fields.first(where: { $0.label == chosen.label }),
        let field = wantedFields.first(where: { $0.label == chosen.label }),
        let value = coerced(chosen.value, own.type, to: field.type)
      else { return nil }
      return .variant(field.label, value)
    default: return nil
    }
  }
}
