// Types and .did files as text.

extension CandidInterface: CustomStringConvertible {
  /// The file as text, without comments; imports stay imports.
  public var description: String {
    var lines = syntax.imports.map { item in
      "import \(item.includesService ? "service " : "")\(TextForm.quoted(item.file));\n"
    }
    for definition in syntax.definitions {
      let layout = Layout.sequence([.text("type \(definition.name) = "), definition.type.layout, .text(";")])
      lines.append(layout.rendered() + "\n")
    }
    if let service = syntax.service {
      var pieces: [Layout] = [.text("service : ")]
      if let arguments = service.initArguments { pieces += [arguments.layout, .text(" -> ")] }
      if case .service(let methods) = service.type.kind {
        pieces.append(methods.layout("{"))
      } else {
        pieces.append(service.type.layout)
      }
      lines.append(Layout.sequence(pieces).rendered() + "\n")
    }
    return lines.joined()
  }
}

extension TypeSyntax {
  fileprivate var layout: Layout {
    switch kind {
    case .primitive(let primitive): .text(primitive.name)
    case .name(let name): .text(name)
    case .opt(let content): .sequence([.text("opt "), content.layout])
    case .vec(let element):
      if case .primitive(.nat8) = element.kind { .text("blob") } else { .sequence([.text("vec "), element.layout]) }
    case .record(let fields): fields.layout(isVariant: false)
    case .variant(let fields): fields.layout(isVariant: true)
    case .func(let function): .sequence([.text("func "), function.layout])
    case .service(let methods): methods.layout("service {")
    }
  }
}

extension [FieldTypeSyntax] {
  fileprivate func layout(isVariant: Bool) -> Layout {
    let isTuple = !isVariant && enumerated().allSatisfy { UInt32(exactly: $0) == $1.label.id && $1.label.name == nil }
    let items = map { field -> Layout in
      if isTuple { return field.type.layout }
      if isVariant, case .primitive(.null) = field.type.kind { return .text(field.label.description) }
      return .sequence([.text("\(field.label) : "), field.type.layout])
    }
    return .list(isVariant ? "variant {" : "record {", items, ";", "}", isSpaced: true)
  }
}

extension [ArgumentSyntax] {
  fileprivate var layout: Layout {
    .list(
      "(",
      map { argument in
        guard let name = argument.name else { return argument.type.layout }
        return .sequence([.text(TextForm.name(name) + " : "), argument.type.layout])
      }, ",", ")")
  }
}

extension FunctionSyntax {
  fileprivate var layout: Layout {
    let modes = FunctionModes.all.filter { self.modes.contains($0.mode) }.map { " " + $0.name }.joined()
    return .indented(.sequence([arguments.layout, .text(" -> "), results.layout, .text(modes)]))
  }
}

extension [MethodSyntax] {
  fileprivate func layout(_ open: String) -> Layout {
    let items = map { method -> Layout in
      let name = Layout.text(TextForm.name(method.name) + " : ")
      if case .func(let function) = method.type.kind { return .sequence([name, function.layout]) }
      return .sequence([name, method.type.layout])
    }
    return .list(open, items, ";", "}", isSpaced: true)
  }
}
