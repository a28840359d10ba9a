//! Stores, and the rule that everything of a store is used by one thread at a time.
//!
//! What belongs to a store is used only with a borrow of its [`Context`]: a shared one for looking, an exclusive one for
//! whatever may change something or run Wasm code. Contexts can be sent to another thread, but not shared, so two threads never
//! use a store at once, and bytes of a memory that were lent can't go while somebody looks at them.
//!
//! Handles (functions, memories …) may be dropped anywhere, also on a thread that mustn't use the store. So dropping doesn't
//! give references back to the library: it puts them on a list of the store's, which whoever uses the store next empties; or,
//! if the store has been dropped and the last handle follows, whoever drops that.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::engine::Engine;
use crate::error::{Error, Frame, Result, Trap, TrapData, TrapKind};
use crate::ffi;

/// Something of the library's that isn't needed any more.
pub(crate) enum Returned {
    Reference(*mut ffi::wasm_ref_t),
    Execution(*mut ffi::cannery_execution_t),
    Closure(*mut ffi::cannery_closure_t),
}

/// A panic of a host function on its way through Wasm code, with the trap that stands for it there.
struct Panic {
    payload: Box<dyn Any + Send>,
    trap: *mut ffi::wasm_trap_t,
}

/// What a store and its handles have in common.
pub(crate) struct Shared {
    raw: *mut ffi::wasm_store_t,
    pub engine: Engine,
    pub tracks_writes: bool,
    /// Whether `returned` has something.
    has_returned: AtomicBool,
    returned: Mutex<Vec<Returned>>,
    panic: Mutex<Option<Panic>>,
}

// SAFETY: the library's objects in here are used only by who has the store's context, or is the last to have any of it; the
// rest is guarded by locks. Host functions, which end with the store, are `Send`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of the locks is held.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Shared {
    pub fn give_back(&self, thing: Returned) {
        lock(&self.returned).push(thing);
        self.has_returned.store(true, Ordering::Release);
    }

    /// Empties the list.
    ///
    /// # Safety
    /// The thread must be the one that may use the store.
    #[cold]
    unsafe fn delete_returned(&self) {
        self.has_returned.store(false, Ordering::Relaxed);
        let things = std::mem::take(&mut *lock(&self.returned));
        for thing in things {
            // SAFETY: each was ours, and came here once.
            unsafe {
                match thing {
                    Returned::Reference(raw) => ffi::wasm_ref_delete(raw),
                    Returned::Execution(raw) => ffi::cannery_execution_delete(raw),
                    Returned::Closure(raw) => ffi::cannery_closure_delete(raw),
                }
            }
        }
    }

    /// Keeps a panic, and gives the trap that brings it to the call.
    ///
    /// # Safety
    /// The thread must be the one that may use the store.
    #[cold]
    pub unsafe fn keep_panic(&self, payload: Box<dyn Any + Send>) -> *mut ffi::wasm_trap_t {
        // SAFETY: the store is there as long as this.
        let (trap, copy) = unsafe {
            let trap = new_trap(self.raw, "a host function panicked");
            (trap, ffi::wasm_trap_copy(trap))
        };
        let old = lock(&self.panic).replace(Panic { payload, trap: copy });
        if let Some(old) = old {
            // SAFETY: the copy was ours.
            unsafe { ffi::wasm_trap_delete(old.trap) }
            drop_quietly(old.payload);
        }
        trap
    }

    /// Takes over a trap. Goes on with the panic if it stands for one.
    ///
    /// # Safety
    /// `raw` must be a trap of this store that nobody else deletes, and the thread the one that may use the store.
    #[cold]
    pub unsafe fn take_trap(self: &Arc<Shared>, raw: *mut ffi::wasm_trap_t) -> Trap {
        // SAFETY: traps are there until they are deleted, once, below; or go to a handle.
        unsafe {
            let mut slot = lock(&self.panic);
            if slot.as_ref().is_some_and(|panic| ffi::wasm_trap_same(panic.trap, raw)) {
                let panic = slot.take();
                drop(slot);
                ffi::wasm_trap_delete(raw);
                if let Some(panic) = panic {
                    ffi::wasm_trap_delete(panic.trap);
                    panic::resume_unwind(panic.payload);
                }
                return Trap::new("a host function panicked");
            }
            drop(slot);
            let kind = TrapKind::from_raw(ffi::cannery_trap_kind(raw));
            let mut message = ffi::wasm_byte_vec_t { size: 0, data: std::ptr::null_mut() };
            ffi::wasm_trap_message(raw, &mut message);
            let mut message = crate::engine::take_bytes(message);
            if message.last() == Some(&0) {
                message.pop();
            }
            let mut trace = ffi::wasm_frame_vec_t { size: 0, data: std::ptr::null_mut() };
            ffi::wasm_trap_trace(raw, &mut trace);
            let frames = (0..if trace.data.is_null() { 0 } else { trace.size })
                .map(|index| {
                    let frame = *trace.data.add(index);
                    Frame {
                        func_index: ffi::wasm_frame_func_index(frame),
                        func_offset: ffi::wasm_frame_func_offset(frame),
                        module_offset: ffi::wasm_frame_module_offset(frame),
                    }
                })
                .collect();
            ffi::wasm_frame_vec_delete(&mut trace);
            // These are the whole execution's business when a host function passes them on: a new trap wouldn't be.
            let original = if matches!(kind, TrapKind::OutOfInstructions | TrapKind::Interrupted) {
                Some(Arc::new(Handle::new(ffi::wasm_trap_as_ref(raw), self.clone())))
            } else {
                ffi::wasm_trap_delete(raw);
                None
            };
            Trap(Box::new(TrapData {
                kind,
                message: String::from_utf8_lossy(&message).into_owned(),
                frames,
                original,
                suspends: false,
            }))
        }
    }

    /// The library's trap for one that a host function returns; `caller` may be NULL.
    ///
    /// # Safety
    /// The thread must be the one that may use the store; `caller` the one of the host function that runs.
    #[cold]
    pub unsafe fn give_trap(&self, trap: &Trap, caller: *mut ffi::cannery_caller_t) -> *mut ffi::wasm_trap_t {
        // SAFETY: as above; the original is a trap of this store.
        unsafe {
            if trap.0.suspends {
                if caller.is_null() {
                    return new_trap(self.raw, "a host function with references can't suspend");
                }
                return ffi::cannery_suspend(caller);
            }
            match &trap.0.original {
                Some(original) if std::ptr::eq(&*original.shared, self) => {
                    ffi::wasm_trap_copy(ffi::wasm_ref_as_trap_const(original.raw))
                }
                _ => new_trap(self.raw, trap.message()),
            }
        }
    }
}

unsafe fn new_trap(store: *mut ffi::wasm_store_t, message: &str) -> *mut ffi::wasm_trap_t {
    let message = ffi::wasm_byte_vec_t { size: message.len(), data: message.as_ptr() as *mut u8 };
    // SAFETY: the message is only read, during the call.
    unsafe { ffi::wasm_trap_new(store, &message) }
}

/// Drops something of the user's where nobody could go on with a panic.
pub(crate) fn drop_quietly<T>(thing: T) {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(thing))) else { return };
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // A payload whose own drop panics: enough.
        std::mem::forget(payload);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: nobody else has the store or a handle any more, so this thread may use it.
        unsafe {
            if let Some(panic) = self.panic.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).take() {
                ffi::wasm_trap_delete(panic.trap);
                drop_quietly(panic.payload);
            }
            self.delete_returned();
            ffi::wasm_store_delete(self.raw);
        }
    }
}

/// A reference to a thing of a store.
pub(crate) struct Handle {
    pub raw: *mut ffi::wasm_ref_t,
    pub shared: Arc<Shared>,
}

// SAFETY: `raw` is used with the store's context only.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// Takes over a reference.
    pub fn new(raw: *mut ffi::wasm_ref_t, shared: Arc<Shared>) -> Handle {
        Handle { raw, shared }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.give_back(Returned::Reference(self.raw));
    }
}

/// What a context is made of. `Cell` makes it impossible to share it between threads.
pub(crate) struct ContextData {
    shared: Arc<Shared>,
    not_sync: PhantomData<Cell<()>>,
}

impl ContextData {
    /// Of a host function that runs: who called it has the store, and lends it.
    ///
    /// # Safety
    /// `shared` must come from `Context::shared_ptr`, and live as long as the result.
    pub unsafe fn borrowed(shared: *const Shared) -> ManuallyDrop<ContextData> {
        // SAFETY: the count isn't changed, as this is never dropped.
        ManuallyDrop::new(ContextData { shared: unsafe { Arc::from_raw(shared) }, not_sync: PhantomData })
    }
}

/// The right to use a store: what a [`Store`] and, in host functions, a [`Caller`](crate::Caller) are behind a reference.
///
/// Functions take `&Context` or `&mut Context`; `&store` and `&mut store` are that, too. It has no size, so that nobody can swap
/// the contexts of two stores.
#[repr(transparent)]
pub struct Context([ContextData]);

impl Context {
    pub(crate) fn of(state: &ContextData) -> &Context {
        // SAFETY: a context is a slice of one state.
        unsafe { &*(std::slice::from_ref(state) as *const [ContextData] as *const Context) }
    }

    pub(crate) fn of_mut(state: &mut ContextData) -> &mut Context {
        // SAFETY: as above.
        unsafe { &mut *(std::slice::from_mut(state) as *mut [ContextData] as *mut Context) }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0[0].shared
    }

    pub(crate) fn shared_ptr(&self) -> *const Shared {
        Arc::as_ptr(self.shared())
    }

    /// The engine that the store belongs to.
    pub fn engine(&self) -> &Engine {
        &self.shared().engine
    }

    /// Whether writes are tracked: see [`StoreConfig::tracks_writes`].
    pub fn tracks_writes(&self) -> bool {
        self.shared().tracks_writes
    }

    /// A handle on the store, for other threads, that stops its executions.
    pub fn interrupt_handle(&self) -> Interrupt {
        // SAFETY: we may use the store; the result is ours.
        Interrupt(Arc::new(InterruptData(unsafe { ffi::cannery_interrupt_new(self.raw()) })))
    }

    /// The store, with nothing left to be given back. All that uses the library begins with this or `check`.
    #[inline]
    pub(crate) fn raw(&self) -> *mut ffi::wasm_store_t {
        let shared = self.shared();
        if shared.has_returned.load(Ordering::Acquire) {
            // SAFETY: who has the context may use the store.
            unsafe { shared.delete_returned() }
        }
        shared.raw
    }

    /// Ends with a panic if the handle is another store's.
    #[inline]
    pub(crate) fn check(&self, handle: &Handle) -> *mut ffi::wasm_ref_t {
        assert!(self.owns(handle), "this belongs to another store");
        self.raw();
        handle.raw
    }

    pub(crate) fn owns(&self, handle: &Handle) -> bool {
        Arc::ptr_eq(self.shared(), &handle.shared)
    }

    /// Takes over a reference.
    pub(crate) fn handle(&self, raw: *mut ffi::wasm_ref_t) -> Handle {
        Handle::new(raw, self.shared().clone())
    }

    /// What a trap that came from the library means: nothing, if it is NULL.
    ///
    /// # Safety
    /// `raw` must be NULL, or a trap of this store that nobody else deletes.
    #[inline]
    pub(crate) unsafe fn outcome(&self, raw: *mut ffi::wasm_trap_t) -> Result<(), Trap> {
        if raw.is_null() {
            return Ok(());
        }
        // SAFETY: who has the context may use the store.
        Err(unsafe { self.shared().take_trap(raw) })
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Context").finish_non_exhaustive()
    }
}

/// What a store may use, and whether its writes can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreConfig {
    /// Of each memory, pages of 64 KiB.
    pub memory_pages: u64,
    /// Of each table.
    pub table_elements: u64,
    /// Of all modules.
    pub instances: u64,
    /// Calls of Wasm code inside host functions inside Wasm code, and so on.
    pub nested_calls: u64,
    /// Of Wasm code, in slots of 8 bytes: what a frame takes depends on the module alone.
    pub stack_slots: u64,
    /// Whether what executions write to memories and globals can be undone ([`Store::roll_back`]) and listed
    /// ([`Memory::dirty_pages`](crate::Memory::dirty_pages)). The bytes of memories are only copied then, not lent.
    pub tracks_writes: bool,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        let mut limits =
            ffi::cannery_limits_t { memory_pages: 0, table_elements: 0, instances: 0, nested_calls: 0, stack_slots: 0 };
        // SAFETY: it only writes what it is given.
        unsafe { ffi::cannery_limits_default(&mut limits) };
        StoreConfig {
            memory_pages: limits.memory_pages,
            table_elements: limits.table_elements,
            instances: limits.instances,
            nested_calls: limits.nested_calls,
            stack_slots: limits.stack_slots,
            tracks_writes: false,
        }
    }
}

/// Instances with their functions, memories, tables and globals.
///
/// A store is used by one thread at a time, and can be moved to another. Its memory is freed when it and all its handles have
/// been dropped, in whatever order; except that host functions which keep handles of their own store keep it for ever.
pub struct Store(ContextData);

impl Store {
    /// A store with the default limits.
    pub fn new(engine: &Engine) -> Result<Store> {
        Store::with_config(engine, &StoreConfig::default())
    }

    /// A store with limits of one's own.
    pub fn with_config(engine: &Engine, config: &StoreConfig) -> Result<Store> {
        let limits = ffi::cannery_limits_t {
            memory_pages: config.memory_pages,
            table_elements: config.table_elements,
            instances: config.instances,
            nested_calls: config.nested_calls,
            stack_slots: config.stack_slots,
        };
        let mut raw = std::ptr::null_mut();
        // SAFETY: `raw` is written if there is no error, and ours then.
        unsafe { Error::check(ffi::cannery_store_new(engine.raw(), &limits, config.tracks_writes, &mut raw))? };
        let shared = Shared {
            raw,
            engine: engine.clone(),
            tracks_writes: config.tracks_writes,
            has_returned: AtomicBool::new(false),
            returned: Mutex::new(Vec::new()),
            panic: Mutex::new(None),
        };
        Ok(Store(ContextData { shared: Arc::new(shared), not_sync: PhantomData }))
    }

    /// What was written is kept: it can't be undone any more.
    pub fn commit(&mut self) {
        // SAFETY: we have the store.
        unsafe { ffi::cannery_store_commit(self.raw()) }
    }

    /// Undoes what was written since the last commit.
    pub fn roll_back(&mut self) {
        // SAFETY: we have the store; of a store that tracks writes, bytes are never lent.
        unsafe { ffi::cannery_store_roll_back(self.raw()) }
    }
}

impl Deref for Store {
    type Target = Context;
    #[inline]
    fn deref(&self) -> &Context {
        Context::of(&self.0)
    }
}

impl DerefMut for Store {
    #[inline]
    fn deref_mut(&mut self) -> &mut Context {
        Context::of_mut(&mut self.0)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Store").finish_non_exhaustive()
    }
}

struct InterruptData(*mut ffi::cannery_interrupt_t);

// SAFETY: the library allows interrupts from any thread.
unsafe impl Send for InterruptData {}
// SAFETY: as above.
unsafe impl Sync for InterruptData {}

impl Drop for InterruptData {
    fn drop(&mut self) {
        // SAFETY: it was ours.
        unsafe { ffi::cannery_interrupt_delete(self.0) }
    }
}

/// Stops executions of a store, from any thread.
#[derive(Clone)]
pub struct Interrupt(Arc<InterruptData>);

impl Interrupt {
    /// Stops the execution that runs, or the next one, soon: it is
    /// [`Interrupted`](crate::State::Interrupted) then, and a call without an execution traps.
    pub fn interrupt(&self) {
        // SAFETY: any thread may call it.
        unsafe { ffi::cannery_interrupt(self.0 .0) }
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Interrupt").finish_non_exhaustive()
    }
}
