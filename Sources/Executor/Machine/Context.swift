// The structures that handlers reach through `cx`: plain memory with stable addresses, owned by the runtime's objects.

import Compiler
import Synchronization
import WebAssembly

/// A cell that holds the address of a function's linked code, or 0 before its first call. Written once.
package typealias CodeCell = Atomic<UInt>

/// A linear memory as the handlers see it. Owned by a `Memory`.
package struct MemoryRecord {
  package var base: MD
  /// Bytes.
  package var size: UInt
  /// With write tracking: one byte for each 4 KiB page, 0 where the page is not yet kept.
  package var writeMap: UnsafeMutablePointer<UInt8>
  package var object: UnsafeMutableRawPointer
}

/// A table as the handlers see it. Owned by a `Table`. Elements of function tables are addresses of `FunctionRecord`s,
/// of other tables handles; 0 is null.
package struct TableRecord {
  package var elements: UnsafeMutablePointer<UInt64>
  package var count: UInt
  package var object: UnsafeMutableRawPointer
}

/// A function of a store: a Wasm function of an instance, or a host function. Lives as long as the store.
package struct FunctionRecord {
  /// The instance's context; unused for host functions.
  package var context: CX
  /// Where the linked code's address is; nil for host functions.
  package var cell: UnsafeMutablePointer<CodeCell>?
  /// The closure of a host function; nil for Wasm functions. Kept by the store.
  var host: Unmanaged<HostFunction>?
  /// Bits of those of the first 64 slots that hold 32 bits: of parameters, of a host function those of results. Whoever
  /// comes from outside may have left anything in their upper halves.
  package var narrowSlots: UInt64
  /// The function's type, with the type indices of its module. Kept by the module or the host function.
  package var signature: UnsafePointer<FunctionType>
  /// Canonical type of the engine.
  package var type: UInt32
  /// Wasm: index among the module's defined functions. Host: index in the store's host functions.
  package var index: UInt32
  package var parameterSlots: UInt32
  package var resultSlots: UInt32
  /// One result that is not a vector: it travels in an accumulator.
  package var returnsScalar: Bool
  /// Whether a call of the host function stops where the instruction counter is below 0.
  var isCheckPoint = true
  /// The reference that Wasm code sees; never 0.
  package var handle: UInt64
}

/// What all instances of a store share.
package struct StoreContext {
  package var registers: Registers
  /// Instructions of the limit that are not in `rm`: they are handed out in slices, so that interrupts are seen.
  package var reserve: Int
  /// Instructions in an internal slice.
  package var slice: Int
  /// Set from any thread to stop execution at the end of a slice.
  package var interrupt: UnsafeMutablePointer<Atomic<Bool>>
  /// The stack; nil while the store has none (`StackPool`).
  package var stackBase: FP?
  /// What the outermost frame returns to (`RuntimeCode.exit`).
  var exit: PC
  /// The address beyond the last slot that a frame may use; 0 without a stack.
  package var stackEnd: UInt
  /// The host function that runs.
  var host = RunningHostFunction()
  /// How many stacks there are of the store's size. Kept by the store's pool.
  var stackCount: UnsafeMutablePointer<Atomic<Int>>
  /// How many segments code has dropped.
  var droppedSegments = 0
  /// How many executions are under way: more than one when host functions have entered Wasm again.
  package var depth = 0
  /// Whether an execution owns the store: one that runs or stands still.
  package var isSuspended = false
  /// The `Store`, not retained.
  package var object: UnsafeMutableRawPointer
}

/// One instance as the handlers see it.
package struct InstanceContext {
  /// Bytes in the current memory.
  package var memorySize: UInt
  package var writeMap: UnsafeMutablePointer<UInt8>
  package var currentMemory: UnsafeMutablePointer<MemoryRecord>
  /// The address that `fp` plus a frame's cost must not pass.
  package var stackLimit: UInt
  package var code: UnsafeMutablePointer<CodeCell>
  package var globals: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>
  package var memories: UnsafeMutablePointer<UnsafeMutablePointer<MemoryRecord>>
  package var tables: UnsafeMutablePointer<UnsafeMutablePointer<TableRecord>>
  /// Records by function index. Those of imports are always there, others from the time a reference to them is made.
  package var functions: UnsafeMutablePointer<UnsafeMutablePointer<FunctionRecord>?>
  /// Canonical types by type index.
  package var types: UnsafePointer<UInt32>
  package var store: UnsafeMutablePointer<StoreContext>
  /// Where a store begins that waits for its old pages to be kept.
  package var trackStart: UInt
  /// The `ModuleInstance`, not retained.
  package var object: UnsafeMutableRawPointer
}

/// Typed access to the memory behind `cx`.
struct ContextReference {
  let pointer: UnsafeMutablePointer<InstanceContext>

  @inline(__always) var memorySize: UInt { pointer.pointee.memorySize }
  @inline(__always) var writeMap: UnsafeMutablePointer<UInt8> { pointer.pointee.writeMap }
  @inline(__always) var currentMemory: UnsafeMutablePointer<MemoryRecord> { pointer.pointee.currentMemory }
  @inline(__always) var stackLimit: UInt {
    get { pointer.pointee.stackLimit }
    nonmutating set { pointer.pointee.stackLimit = newValue }
  }
  @inline(__always) var trackStart: UInt {
    get { pointer.pointee.trackStart }
    nonmutating set { pointer.pointee.trackStart = newValue }
  }
  @inline(__always) var stackEnd: UInt { pointer.pointee.store.pointee.stackEnd }
  @inline(__always) var globals: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>> { pointer.pointee.globals }
  @inline(__always) var memories: UnsafeMutablePointer<UnsafeMutablePointer<MemoryRecord>> { pointer.pointee.memories }
  @inline(__always) var tables: UnsafeMutablePointer<UnsafeMutablePointer<TableRecord>> { pointer.pointee.tables }
  /// Sound to unwrap where the index is that of an import: instantiation fills those in.
  @inline(__always) var functions: UnsafeMutablePointer<UnsafeMutablePointer<FunctionRecord>?> {
    pointer.pointee.functions
  }
  @inline(__always) var types: UnsafePointer<UInt32> { pointer.pointee.types }
  @inline(__always) var store: UnsafeMutablePointer<StoreContext> { pointer.pointee.store }

  /// Makes `memory` the current one.
  @inline(__always) func useMemory(_ memory: UnsafeMutablePointer<MemoryRecord>) {
    pointer.pointee.currentMemory = memory
    pointer.pointee.memorySize = memory.pointee.size
    pointer.pointee.writeMap = memory.pointee.writeMap
  }

  /// Takes over size and map of the current memory after something may have grown it.
  @inline(__always) func refreshMemory() { useMemory(pointer.pointee.currentMemory) }
}

@inline(__always)
func instanceContext(_ cx: CX) -> ContextReference {
  // Sound: `cx` is always the address of an `InstanceContext`; only instances and the border between them set it.
  ContextReference(pointer: cx.assumingMemoryBound(to: InstanceContext.self))
}

/// The linked code of a function of the same instance, or 0 if it was not yet called.
@inline(__always)
func functionCode(_ cx: CX, _ index: Int) -> UInt {
  instanceContext(cx).pointer.pointee.code[index].load(ordering: .acquiring)
}
