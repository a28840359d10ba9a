//! Host functions: Rust closures that Wasm code calls.

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{self, AssertUnwindSafe};

use crate::error::{Error, Result, Trap};
use crate::ffi;
use crate::func::{c_string, check_values, read_slots, write_slots, Func};
use crate::instance::{Extern, Instance};
use crate::memory::Memory;
use crate::store::{drop_quietly, Context, ContextData, Shared};
use crate::typed::{WasmValue, WasmValues, SLOT_LIMIT};
use crate::types::{FuncType, ValType};
use crate::value::Val;

/// The code that called a host function, which lends its store: `&mut *caller` is the [`Context`].
pub struct Caller<'a> {
    data: ManuallyDrop<ContextData>,
    /// NULL for functions with references.
    raw: *mut ffi::cannery_caller_t,
    /// Invariant, so that a caller can't take another's place.
    during: PhantomData<&'a mut &'a ()>,
}

impl Caller<'_> {
    /// # Safety
    /// `shared` must be of the store that calls, and `raw` NULL or what the library gave for this call.
    unsafe fn new<'a>(shared: *const Shared, raw: *mut ffi::cannery_caller_t) -> Caller<'a> {
        // SAFETY: who called has the store.
        Caller { data: unsafe { ContextData::borrowed(shared) }, raw, during: PhantomData }
    }

    /// The instance whose code called. `None` where the host calls its function itself, and while a module's start function
    /// runs.
    pub fn instance(&self) -> Option<Instance> {
        self.context_raw();
        // SAFETY: the result is ours, or NULL.
        unsafe {
            let raw = ffi::cannery_caller_instance(self.raw);
            (!raw.is_null()).then(|| Instance::known(raw, self)).flatten()
        }
    }

    /// An export of that instance.
    pub fn export(&self, name: &str) -> Option<Extern> {
        self.instance()?.export(self, name)
    }

    /// An exported memory of that instance.
    pub fn memory(&self, name: &str) -> Option<Memory> {
        self.instance()?.memory(self, name)
    }

    /// The bytes of the calling instance's memory `index`. `None` if there is no such memory, or writes are tracked.
    pub fn data(&self, index: u32) -> Option<&[u8]> {
        // SAFETY: the bytes are lent as long as this, and so as long as nothing can change them.
        self.raw_data(index).map(|(data, size)| unsafe { std::slice::from_raw_parts(data, size) })
    }

    /// The same, to be changed.
    pub fn data_mut(&mut self, index: u32) -> Option<&mut [u8]> {
        // SAFETY: as above, and nobody else can look at them.
        self.raw_data(index).map(|(data, size)| unsafe { std::slice::from_raw_parts_mut(data, size) })
    }

    fn raw_data(&self, index: u32) -> Option<(*mut u8, usize)> {
        self.context_raw();
        let mut size = 0;
        // SAFETY: it gives the bytes, or NULL.
        let data = unsafe { ffi::cannery_caller_memory(self.raw, index, &mut size) } as *mut u8;
        (!data.is_null()).then_some((data, size))
    }

    /// Copies bytes from the calling instance's memory `index`. Fails if they aren't all there.
    pub fn read(&self, index: u32, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.context_raw();
        // SAFETY: the library writes so many bytes at most.
        let done = unsafe { ffi::cannery_caller_read(self.raw, index, offset, bytes.as_mut_ptr().cast(), bytes.len()) };
        done.then_some(()).ok_or_else(out_of_bounds)
    }

    /// Copies bytes to the calling instance's memory `index`. Fails, and writes nothing, if there isn't room for all.
    pub fn write(&mut self, index: u32, offset: u64, bytes: &[u8]) -> Result<()> {
        self.context_raw();
        // SAFETY: the library reads so many bytes.
        let done = unsafe { ffi::cannery_caller_write(self.raw, index, offset, bytes.as_ptr().cast(), bytes.len()) };
        done.then_some(()).ok_or_else(out_of_bounds)
    }

    /// Takes instructions off what is left. The error is to be returned at once: when the execution goes on, the function is
    /// called again from its start.
    pub fn charge(&mut self, instructions: u64) -> Result<(), Trap> {
        self.context_raw();
        // SAFETY: the trap is ours.
        unsafe {
            let trap = ffi::cannery_caller_charge(self.raw, instructions);
            self.outcome(trap)
        }
    }

    /// Instructions that are left.
    pub fn instructions_left(&self) -> u64 {
        // SAFETY: the caller is there during the call.
        unsafe { ffi::cannery_caller_instructions_left(self.raw) }
    }

    /// To be returned by a function that wants to wait: the [`Execution`](crate::Execution) stops, and goes on with the
    /// results that are given to [`resume_host`](crate::Execution::resume_host). Without an execution, it is a trap.
    pub fn suspend(&self) -> Trap {
        Trap::suspension()
    }

    fn context_raw(&self) -> *mut ffi::wasm_store_t {
        Context::of(&self.data).raw()
    }
}

impl Deref for Caller<'_> {
    type Target = Context;
    fn deref(&self) -> &Context {
        Context::of(&self.data)
    }
}

impl DerefMut for Caller<'_> {
    fn deref_mut(&mut self) -> &mut Context {
        Context::of_mut(&mut self.data)
    }
}

impl fmt::Debug for Caller<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Caller").finish_non_exhaustive()
    }
}

fn out_of_bounds() -> Error {
    Error::argument("out of bounds memory access")
}

/// What a host function may return: nothing, a value, a tuple of values, or a `Result` of these with a [`Trap`].
pub trait HostResult {
    #[doc(hidden)]
    type Values: WasmValues;
    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Values, Trap>;
}

impl<T: WasmValues> HostResult for T {
    type Values = T;
    #[inline]
    fn into_result(self) -> Result<T, Trap> {
        Ok(self)
    }
}

impl<T: WasmValues> HostResult for Result<T, Trap> {
    type Values = T;
    #[inline]
    fn into_result(self) -> Result<T, Trap> {
        self
    }
}

/// Closures that can be host functions: of up to 12 [values](WasmValue), before which there may be `&mut Caller<'_>`. `Marker`
/// tells these forms apart, and is always inferred.
pub trait IntoHostFunc<Marker>: Send + 'static {
    #[doc(hidden)]
    fn ty() -> FuncType;
    /// # Safety
    /// The slots must be enough for the parameters, which they hold, and for the results.
    #[doc(hidden)]
    unsafe fn invoke(&self, caller: &mut Caller<'_>, slots: *mut u64) -> Result<(), Trap>;
}

/// Marks closures that take their caller.
#[doc(hidden)]
#[derive(Debug)]
pub enum WithCaller {}

macro_rules! closures {
    ($(($($name:ident)*))*) => {$(
        closures!(@one (($($name,)*), R), caller, [$($name)*], []);
        closures!(@one (WithCaller, ($($name,)*), R), caller, [$($name)*], [caller &mut Caller<'_>]);
    )*};
    (@one $marker:ty, $caller:ident, [$($name:ident)*], [$($first:ident $first_ty:ty)?]) => {
        #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
        impl<Closure, R, $($name),*> IntoHostFunc<$marker> for Closure
        where
            Closure: Fn($($first_ty,)? $($name),*) -> R + Send + 'static,
            R: HostResult,
            $($name: WasmValue,)*
        {
            fn ty() -> FuncType {
                FuncType::new(<($($name,)*)>::types(), R::Values::types())
            }
            #[inline]
            unsafe fn invoke(&self, $caller: &mut Caller<'_>, slots: *mut u64) -> Result<(), Trap> {
                // SAFETY: whoever calls has slots for these types.
                let ($($name,)*) = unsafe { <($($name,)*)>::load_all(slots) };
                let results = self($($first,)? $($name),*).into_result()?;
                // SAFETY: as above.
                unsafe { results.store_all(slots) };
                Ok(())
            }
        }
    };
}

closures! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) (A B C D E F G H I)
    (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

/// What a host function is made with. The store owns it, so the store is there whenever it is used.
struct Environment<F> {
    shared: *const Shared,
    function: F,
}

impl<F> Environment<F> {
    fn boxed(context: &Context, function: F) -> *mut c_void {
        Box::into_raw(Box::new(Environment { shared: context.shared_ptr(), function })) as *mut c_void
    }
}

unsafe extern "C" fn drop_environment<F>(env: *mut c_void) {
    // SAFETY: the library calls it once, with what `Environment::boxed` gave.
    drop_quietly(unsafe { Box::from_raw(env as *mut Environment<F>) });
}

/// Runs a host function, and gives what the library is to get: nothing may unwind into its frames.
///
/// # Safety
/// As of `Caller::new`.
#[inline]
unsafe fn guarded(
    shared: *const Shared,
    raw: *mut ffi::cannery_caller_t,
    body: impl FnOnce(&mut Caller<'_>) -> Result<(), Trap>,
) -> *mut ffi::wasm_trap_t {
    // SAFETY: as above.
    let mut caller = unsafe { Caller::new(shared, raw) };
    match panic::catch_unwind(AssertUnwindSafe(|| body(&mut caller))) {
        Ok(Ok(())) => std::ptr::null_mut(),
        // SAFETY: the store is there, and ours for the call.
        Ok(Err(trap)) => unsafe { (*shared).give_trap(&trap, raw) },
        // SAFETY: as above.
        Err(payload) => unsafe { (*shared).keep_panic(payload) },
    }
}

unsafe extern "C" fn call_typed<Marker, F: IntoHostFunc<Marker>>(
    env: *mut c_void,
    caller: *mut ffi::cannery_caller_t,
    slots: *mut u64,
) -> *mut ffi::wasm_trap_t {
    // SAFETY: `env` is what the function was made with, and the slots are of its type.
    unsafe {
        let env = &*(env as *const Environment<F>);
        guarded(env.shared, caller, |caller| env.function.invoke(caller, slots))
    }
}

pub(crate) fn new_typed<Marker, F: IntoHostFunc<Marker>>(
    context: &mut Context,
    name: &str,
    function: F,
) -> Result<Func> {
    let ty = F::ty();
    debug_assert!(ty.slots() <= SLOT_LIMIT);
    let env = Environment::boxed(context, function);
    // SAFETY: the callback and the finalizer are of the environment's type.
    unsafe { new_on_slots(context, name, &ty, call_typed::<Marker, F>, env, drop_environment::<F>) }
}

/// # Safety
/// Callback and finalizer must take `env`, which goes to the library.
unsafe fn new_on_slots(
    context: &mut Context,
    name: &str,
    ty: &FuncType,
    callback: ffi::cannery_callback_t,
    env: *mut c_void,
    finalizer: ffi::finalizer_t,
) -> Result<Func> {
    let name = match c_string(name) {
        Ok(name) => name,
        Err(error) => {
            // SAFETY: nobody else has it.
            unsafe { finalizer(env) };
            return Err(error);
        }
    };
    // SAFETY: the type is ours and only read; all else is as above.
    unsafe {
        let raw_ty = ty.to_raw();
        let raw = ffi::cannery_func_new(context.raw(), raw_ty, name.as_ptr(), Some(callback), env, Some(finalizer));
        ffi::wasm_functype_delete(raw_ty);
        Func::from_new(raw, context)
    }
}

/// A closure on values, with its type.
struct Dynamic<F> {
    ty: FuncType,
    function: F,
}

impl<F: Fn(&mut Caller<'_>, &[Val]) -> Result<Vec<Val>, Trap>> Dynamic<F> {
    /// Calls it, and checks what it gives.
    fn call(&self, caller: &mut Caller<'_>, args: &[Val]) -> Result<Vec<Val>, Trap> {
        let results = (self.function)(caller, args)?;
        check_values(caller, self.ty.results(), &results)
            .map_err(|error| Trap::new(format!("a host function's results: {error}")))?;
        Ok(results)
    }
}

pub(crate) fn new_dynamic<F>(context: &mut Context, name: &str, ty: FuncType, function: F) -> Result<Func>
where
    F: Fn(&mut Caller<'_>, &[Val]) -> Result<Vec<Val>, Trap> + Send + 'static,
{
    let has_references = ty.has_references();
    if has_references && ty.params().iter().chain(ty.results()).any(|ty| *ty == ValType::V128) {
        return Err(Error::argument("vectors and references can't be passed in one call"));
    }
    let env = Environment::boxed(context, Dynamic { ty: ty.clone(), function });
    if !has_references {
        // SAFETY: the callback and the finalizer are of the environment's type.
        return unsafe { new_on_slots(context, name, &ty, call_dynamic::<F>, env, drop_environment::<Dynamic<F>>) };
    }
    // SAFETY: as above; the type is ours and only read.
    unsafe {
        let raw_ty = ty.to_raw();
        let raw = ffi::wasm_func_new_with_env(
            context.raw(),
            raw_ty,
            Some(call_values::<F>),
            env,
            Some(drop_environment::<Dynamic<F>>),
        );
        ffi::wasm_functype_delete(raw_ty);
        Func::from_new(raw, context)
    }
}

unsafe extern "C" fn call_dynamic<F>(
    env: *mut c_void,
    caller: *mut ffi::cannery_caller_t,
    slots: *mut u64,
) -> *mut ffi::wasm_trap_t
where
    F: Fn(&mut Caller<'_>, &[Val]) -> Result<Vec<Val>, Trap>,
{
    // SAFETY: `env` is what the function was made with, and the slots are of its type.
    unsafe {
        let env = &*(env as *const Environment<Dynamic<F>>);
        guarded(env.shared, caller, |caller| {
            let slots = match env.function.ty.slots() {
                0 => &mut [],
                count => std::slice::from_raw_parts_mut(slots, count),
            };
            let args = read_slots(env.function.ty.params(), slots);
            let results = env.function.call(caller, &args)?;
            write_slots(&results, slots);
            Ok(())
        })
    }
}

unsafe extern "C" fn call_values<F>(
    env: *mut c_void,
    args: *const ffi::wasm_val_vec_t,
    results: *mut ffi::wasm_val_vec_t,
) -> *mut ffi::wasm_trap_t
where
    F: Fn(&mut Caller<'_>, &[Val]) -> Result<Vec<Val>, Trap>,
{
    // SAFETY: `env` is what the function was made with; arguments are lent, so references are copied; results are handed over.
    unsafe {
        let env = &*(env as *const Environment<Dynamic<F>>);
        guarded(env.shared, std::ptr::null_mut(), |caller| {
            let mut values = Vec::new();
            for index in 0..env.function.ty.params().len() {
                let mut value = *(*args).data.add(index);
                if ValType::from_raw(value.kind).is_reference() {
                    value.of.r#ref = ffi::wasm_ref_copy(value.of.r#ref);
                }
                values.push(Val::from_raw(&value, caller));
            }
            for (index, value) in env.function.call(caller, &values)?.iter().enumerate() {
                let mut raw = value.to_raw();
                if value.ty().is_reference() {
                    raw.of.r#ref = ffi::wasm_ref_copy(raw.of.r#ref);
                }
                *(*results).data.add(index) = raw;
            }
            Ok(())
        })
    }
}
