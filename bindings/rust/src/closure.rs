//! Functions of WebAssembly as C functions.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result, Trap};
use crate::ffi;
use crate::func::{c_string, Func};
use crate::store::{Context, Returned, Shared};

/// A function of WebAssembly as a C function pointer, for C code that knows nothing of WebAssembly.
///
/// If the call traps, the C function returns zero, and the trap is kept for [`take_trap`](Closure::take_trap).
///
/// ```no_run
/// # use cannery::{Closure, Func, Store};
/// # fn example(store: &mut Store, square: &Func) -> cannery::Result<()> {
/// let closure = Closure::new(store, square, "(F)F")?;
/// let nine = closure.with(store, |function| {
///     // SAFETY: `(F)F` is this type.
///     let function: extern "C" fn(f64) -> f64 = unsafe { std::mem::transmute(function) };
///     function(3.0)
/// })?;
/// assert_eq!(nine, 9.0);
/// # Ok(())
/// # }
/// ```
pub struct Closure {
    raw: *mut ffi::cannery_closure_t,
    shared: Arc<Shared>,
}

// SAFETY: `raw` is used with the store's context only.
unsafe impl Send for Closure {}
// SAFETY: as above.
unsafe impl Sync for Closure {}

impl Closure {
    /// A C function for a function, by its signature: letters `i I f F` for `int32_t`, `int64_t`, `float`, `double`, such as
    /// `"(iF)i"`. Fails where it isn't the function's.
    pub fn new(context: &mut Context, function: &Func, signature: &str) -> Result<Closure> {
        let signature = c_string(signature)?;
        if signature.as_bytes().contains(&b'r') {
            return Err(Error::argument("a closure can't pass references"));
        }
        let mut raw = std::ptr::null_mut();
        // SAFETY: `raw` is written if there is no error, and ours then.
        unsafe {
            Error::check(ffi::cannery_closure_new(function.raw(context), signature.as_ptr(), &mut raw))?;
        }
        Ok(Closure { raw, shared: context.shared().clone() })
    }

    /// The C function, to be turned into the type that the signature tells.
    ///
    /// Getting it is safe; calling it is not. It may be called until the closure is dropped, by the thread that may use the
    /// store, and only while nobody borrows the store's context or is inside a call that does: a call by
    /// C code that a host function runs must go through [`with`](Closure::with) on the caller's context.
    pub fn as_ptr(&self) -> ffi::cannery_c_function_t {
        // SAFETY: the closure is there.
        match unsafe { ffi::cannery_closure_function(self.raw) } {
            Some(function) => function,
            None => unreachable!("a closure has its function"),
        }
    }

    /// Lends the C function, with the store, to code that calls it. Gives that code's result, or the last call's trap.
    pub fn with<R>(&self, context: &mut Context, body: impl FnOnce(ffi::cannery_c_function_t) -> R) -> Result<R, Trap> {
        self.check(context);
        let result = body(self.as_ptr());
        match self.take_trap(context) {
            Some(trap) => Err(trap),
            None => Ok(result),
        }
    }

    /// The trap of the last call; `None` if it went well. A panic of a host function that was called inside goes on here.
    pub fn take_trap(&self, context: &mut Context) -> Option<Trap> {
        self.check(context);
        // SAFETY: the trap is ours.
        unsafe { context.outcome(ffi::cannery_closure_trap(self.raw)).err() }
    }

    fn check(&self, context: &Context) {
        assert!(Arc::ptr_eq(&self.shared, context.shared()), "this belongs to another store");
        context.raw();
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        self.shared.give_back(Returned::Closure(self.raw));
    }
}

impl fmt::Debug for Closure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Closure").finish_non_exhaustive()
    }
}
