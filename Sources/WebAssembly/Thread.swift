// Threads of the system, for work on several cores.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Starts a thread that runs `body`; nil if the system has none to give. It must be joined.
package func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let box = Unmanaged.passRetained(Box(body))
  #if os(Linux)
  var handle = pthread_t()
  #else
  var handle: pthread_t?
  #endif
  let failed = pthread_create(
    &handle, nil,
    { argument in
      #if os(Linux)
      let raw = argument!
      #else
      let raw = argument
      #endif
      Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body()
      return nil
    }, box.toOpaque())
  if failed != 0 {
    box.release()
    return nil
  }
  return handle
}
