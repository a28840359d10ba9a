//! Functions, of Wasm code and of the host.

use std::ffi::{c_void, CString};
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result, Trap};
use crate::ffi;
use crate::host::{self, Caller, IntoHostFunc};
use crate::store::{Context, Handle};
use crate::typed::{type_of, TypedFunc, WasmValues};
use crate::types::FuncType;
use crate::value::Val;

/// A function of a store.
#[derive(Clone)]
pub struct Func(Arc<FuncData>);

struct FuncData {
    handle: Handle,
    ty: OnceLock<FuncType>,
}

impl Func {
    pub(crate) fn from_handle(handle: Handle) -> Func {
        Func(Arc::new(FuncData { handle, ty: OnceLock::new() }))
    }

    /// Takes over what a function of the library gave.
    ///
    /// # Safety
    /// `raw` must be NULL, after which there is a last error, or a function of the store that nobody else deletes.
    pub(crate) unsafe fn from_new(raw: *mut ffi::wasm_func_t, context: &Context) -> Result<Func> {
        if raw.is_null() {
            return Err(Error::last());
        }
        // SAFETY: it is the same reference under another name.
        Ok(Func::from_handle(context.handle(unsafe { ffi::wasm_func_as_ref(raw) })))
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// For a call; ends with a panic if the function is another store's.
    #[inline]
    pub(crate) fn raw(&self, context: &Context) -> *mut ffi::wasm_func_t {
        context.check(&self.0.handle) as *mut ffi::wasm_func_t
    }

    /// A closure as a function: its parameters and results are the function's. The first parameter may be
    /// `&mut Caller<'_>`, the code that called. The result may be a `Result` whose error is the [`Trap`] that ends the caller.
    ///
    /// The closure may be called again while it runs, when it calls Wasm code that does so: what it changes is behind a
    /// `Cell`, a `Mutex` or the like. If it panics, the Wasm code that called it ends, and the panic goes on where that
    /// was called from.
    ///
    /// ```no_run
    /// # use cannery::{Caller, Config, Engine, Func, Store, Trap};
    /// # let mut store = Store::new(&Engine::new(&Config::new())?)?;
    /// let add = Func::wrap(&mut store, "add", |a: i32, b: i32| a + b)?;
    /// let log = Func::wrap(&mut store, "log", |caller: &mut Caller<'_>, offset: u32, size: u32| -> Result<(), Trap> {
    ///     let mut text = vec![0; size as usize];
    ///     caller.read(0, offset.into(), &mut text)?;
    ///     println!("{}", String::from_utf8_lossy(&text));
    ///     Ok(())
    /// })?;
    /// # Ok::<(), cannery::Error>(())
    /// ```
    pub fn wrap<Marker, F: IntoHostFunc<Marker>>(context: &mut Context, name: &str, function: F) -> Result<Func> {
        host::new_typed(context, name, function)
    }

    /// A closure as a function of a type that is known only now. It gets the arguments, and gives the results.
    ///
    /// Where references are among them, the caller's memory can't be reached through [`Caller`], and the function can't
    /// [suspend](Caller::suspend).
    pub fn new<F>(context: &mut Context, name: &str, ty: FuncType, function: F) -> Result<Func>
    where
        F: Fn(&mut Caller<'_>, &[Val]) -> Result<Vec<Val>, Trap> + Send + 'static,
    {
        host::new_dynamic(context, name, ty, function)
    }

    /// A C function as it is, by a signature such as `"(ii*~)i"`: the parameters in parentheses, and the result, if there is
    /// one.
    ///
    /// | letter | in C |
    /// | --- | --- |
    /// | `i` `I` `f` `F` | `int32_t`, `int64_t`, `float`, `double` |
    /// | `*` | `void *`, given as an offset in memory 0 of the calling instance |
    /// | `~` | `size_t`, the size of the buffer before it, which is checked to be all inside the memory |
    /// | `$` | `const char *`, the offset of a string that ends with a zero |
    /// | `e` | `void *`: `env`; no parameter in WebAssembly |
    /// | `c` | `cannery_caller_t *`; no parameter in WebAssembly |
    ///
    /// Offsets and sizes are i32; with `64` in front of the signature they are i64.
    ///
    /// # Safety
    /// `function` must be a C function of this signature, which is safe to call with whatever Wasm code passes, doesn't
    /// unwind, keeps no pointer beyond its call, and reads only the first byte at a pointer without size. `env` must be fit to
    /// be used by it on any thread, as long as the store lives.
    pub unsafe fn from_c(
        context: &mut Context,
        name: &str,
        signature: &str,
        function: ffi::cannery_c_function_t,
        env: *mut c_void,
    ) -> Result<Func> {
        let (name, signature) = (c_string(name)?, c_string(signature)?);
        // SAFETY: the texts are lent for the call; the rest is the caller's promise.
        unsafe {
            let raw =
                ffi::cannery_func_new_c(context.raw(), name.as_ptr(), signature.as_ptr(), Some(function), env, None);
            Func::from_new(raw, context)
        }
    }

    /// The function's type.
    pub fn ty(&self, context: &Context) -> &FuncType {
        let raw = self.raw(context);
        self.0.ty.get_or_init(|| {
            // SAFETY: we have the store; the type is ours.
            unsafe {
                let ty = ffi::wasm_func_type(raw);
                let copy = FuncType::from_raw(ty);
                ffi::wasm_functype_delete(ty);
                copy
            }
        })
    }

    /// The function for calls with these types of Rust's. Fails if it is of another type.
    pub fn typed<P: WasmValues, R: WasmValues>(&self, context: &Context) -> Result<TypedFunc<P, R>> {
        let (wanted, ty) = (type_of::<P, R>(), self.ty(context));
        if *ty != wanted {
            return Err(Error::argument(format!("the function's type is {ty}, not {wanted}")));
        }
        Ok(TypedFunc::new(self.clone()))
    }

    /// Calls the function. Arguments that don't fit are told by a trap. A panic of a host function that is called inside goes
    /// on here.
    pub fn call(&self, context: &mut Context, args: &[Val]) -> Result<Vec<Val>, Trap> {
        let ty = self.ty(context);
        check_values(context, ty.params(), args)?;
        if !ty.has_references() {
            let mut slots = vec![0; ty.slots()];
            write_slots(args, &mut slots);
            // SAFETY: the slots are as many as the function needs, and hold its parameters.
            unsafe {
                let trap = ffi::cannery_func_call(self.raw(context), slots.as_mut_ptr(), slots.len());
                context.outcome(trap)?;
            }
            return Ok(read_slots(ty.results(), &slots));
        }
        let mut raw: Vec<_> = args.iter().map(Val::to_raw).collect();
        let args = ffi::wasm_val_vec_t { size: raw.len(), data: raw.as_mut_ptr() };
        let mut values: Vec<_> = ty.results().iter().map(|ty| Val::default_of(*ty).to_raw()).collect();
        let mut results = ffi::wasm_val_vec_t { size: values.len(), data: values.as_mut_ptr() };
        // SAFETY: arguments are lent, and fit; results are ours where there is no trap.
        unsafe {
            let trap = ffi::wasm_func_call(self.raw(context), &args, &mut results);
            context.outcome(trap)?;
            Ok(values.iter().map(|value| Val::from_raw(value, context)).collect())
        }
    }
}

impl fmt::Debug for Func {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.ty.get() {
            Some(ty) => write!(out, "Func({ty})"),
            None => out.write_str("Func"),
        }
    }
}

/// Texts with a zero inside can't go to C.
pub(crate) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::argument("a text has a zero inside"))
}

/// Whether values are of these types, and references of the context's store.
pub(crate) fn check_values(context: &Context, types: &[crate::ValType], values: &[Val]) -> Result<()> {
    if values.len() != types.len() {
        return Err(Error::argument(format!("{} values are needed, and {} were given", types.len(), values.len())));
    }
    for (index, (value, ty)) in values.iter().zip(types).enumerate() {
        if value.ty() != *ty {
            return Err(Error::argument(format!("value {index} is not of the type {ty}")));
        }
        value.check_store(context)?;
    }
    if types.contains(&crate::ValType::V128) && types.iter().any(|ty| ty.is_reference()) {
        return Err(Error::argument("vectors and references can't be passed in one call"));
    }
    Ok(())
}

/// Writes values that are no references.
pub(crate) fn write_slots(values: &[Val], slots: &mut [u64]) {
    let mut next = 0;
    for value in values {
        next += value.write_slots(&mut slots[next..]);
    }
}

/// Reads values that are no references.
pub(crate) fn read_slots(types: &[crate::ValType], slots: &[u64]) -> Vec<Val> {
    let mut next = 0;
    let read = |ty: &crate::ValType| {
        let value = Val::read_slots(*ty, &slots[next..]);
        next += ty.slots();
        value
    };
    types.iter().map(read).collect()
}
