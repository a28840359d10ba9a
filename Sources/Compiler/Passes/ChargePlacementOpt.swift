// Joins the charges of a block where nobody can tell.
//
// A block has several charges where several units follow each other, as after the `end` of a construct. A charge may move
// to an earlier one, and the earlier one to a later check point, if nothing between can observe the counter: traps, calls
// and check points can. A charge never moves up into a check point: its check compares the exact counter.

func chargePlacementOpt(_ function: inout IRFunction) {
  for block in 0..<function.blocks.count where function.blocks[block].isReachable && function.hasCharges(block) {
    /// A charge without a check that nothing has observed since.
    var open: Int?
    for index in function.nodeRange(of: block) {
      let node = function.nodes[index]
      if node.operation == .charge {
        let isCheck = node.flags & NodeFlags.check != 0
        if let charge = open {
          let amount = function.nodes[charge].imm + node.imm
          function.nodes[isCheck ? index : charge].imm = amount
          function.nodes[isCheck ? charge : index] = Node(.removed)
          if isCheck { open = nil }
        } else {
          open = isCheck ? nil : index
        }
      } else if !node.operation.info.effects.isDisjoint(with: [.call, .counter]) || function.mayTrap(index) {
        open = nil
      }
    }
  }
}

extension IRFunction {
  /// Whether a block has several charges.
  fileprivate func hasCharges(_ block: Int) -> Bool {
    var isSecond = false
    for index in nodeRange(of: block) where nodes[index].operation == .charge {
      if isSecond { return true }
      isSecond = true
    }
    return false
  }
}
