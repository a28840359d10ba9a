// What references.c asks of the objects behind references.

import CWasm

@c @implementation
public func cannery_object_retain(_ object: UnsafeMutableRawPointer!) {
  _ = Unmanaged<AnyObject>.fromOpaque(object).retain()
}

@c @implementation
public func cannery_object_release(_ object: UnsafeMutableRawPointer!) {
  referenceObject(object).store.holdWhileUsed()
  Unmanaged<AnyObject>.fromOpaque(object).release()
}

private func referenceObject(_ pointer: UnsafeMutableRawPointer) -> ReferenceObject {
  Unmanaged<ReferenceObject>.fromOpaque(pointer).takeUnretainedValue()
}

@c @implementation
public func cannery_object_same(
  _ kind: UInt8, _ left: UnsafeMutableRawPointer!, _ right: UnsafeMutableRawPointer!
) -> Bool {
  referenceObject(left).identity == referenceObject(right).identity
}

@c @implementation
public func cannery_object_host_info(
  _ kind: UInt8, _ object: UnsafeMutableRawPointer!
) -> UnsafeMutableRawPointer? {
  let object = referenceObject(object)
  return object.store.info(of: object.identity)
}

@c @implementation
public func cannery_object_set_host_info(
  _ kind: UInt8, _ object: UnsafeMutableRawPointer!, _ info: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  let object = referenceObject(object)
  object.store.setInfo(
    of: object.identity, StoreObject.HostInfo(pointer: info, finalizer: finalizer, keptAlive: object.keptAlive))
}
