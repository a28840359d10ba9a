// Threads with a small native stack: code on them that uses native stack in proportion to what it executes ends the
// process.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

private final class Work {
  let body: () throws -> Void
  var error: (any Error)?
  init(_ body: @escaping () throws -> Void) { self.body = body }
}

/// Runs `body` on a thread of its own with `stackBytes` of native stack, and waits for its end.
func onSmallThread(stackBytes: Int = 64 << 10, _ body: @escaping () throws -> Void) throws {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  precondition(pthread_attr_setstacksize(&attributes, stackBytes) == 0, "no thread can have so small a stack")
  let work = Work(body)
  // The thread holds one reference, and gives it back.
  let argument = Unmanaged.passRetained(work).toOpaque()
  #if canImport(Darwin)
  var thread: pthread_t?
  #else
  var thread = pthread_t()
  #endif
  let status = pthread_create(&thread, &attributes, { argument in run(argument) }, argument)
  precondition(status == 0, "no thread")
  #if canImport(Darwin)
  pthread_join(thread!, nil)
  #else
  pthread_join(thread, nil)
  #endif
  if let error = work.error { throw error }
}

#if canImport(Darwin)
private func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? { execute(argument) }
#else
private func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? { execute(argument!) }
#endif

private func execute(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
  do { try work.body() } catch { work.error = error }
  return nil
}
