//! Values whose types are known only when the program runs, and references to values of the host's.

use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ffi;
use crate::func::Func;
use crate::store::{drop_quietly, Context, Handle};
use crate::types::ValType;

/// A value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Val {
    /// An integer of 32 bits.
    I32(i32),
    /// An integer of 64 bits.
    I64(i64),
    /// A float of 32 bits.
    F32(f32),
    /// A float of 64 bits.
    F64(f64),
    /// A vector of 128 bits, with the first lane in its low end.
    V128(u128),
    /// A reference to something of the host's; `None` is null.
    ExternRef(Option<ExternRef>),
    /// A reference to a function; `None` is null.
    FuncRef(Option<Func>),
}

macro_rules! accessors {
    ($($name:ident $variant:ident $kind:ty, $what:literal;)*) => {$(
        #[doc = concat!("The value, if it is ", $what, ".")]
        pub fn $name(&self) -> Option<$kind> {
            match self {
                Val::$variant(value) => Some(*value),
                _ => None,
            }
        }
    )*};
}

impl Val {
    accessors! {
        i32 I32 i32, "an integer of 32 bits";
        i64 I64 i64, "an integer of 64 bits";
        f32 F32 f32, "a float of 32 bits";
        f64 F64 f64, "a float of 64 bits";
        v128 V128 u128, "a vector";
    }

    /// The value's type.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::ExternRef(_) => ValType::ExternRef,
            Val::FuncRef(_) => ValType::FuncRef,
        }
    }

    /// The zero, or the null, of a type.
    pub fn default_of(ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0.0),
            ValType::F64 => Val::F64(0.0),
            ValType::V128 => Val::V128(0),
            ValType::ExternRef => Val::ExternRef(None),
            ValType::FuncRef => Val::FuncRef(None),
        }
    }

    /// The handle of a reference that isn't null.
    pub(crate) fn reference(&self) -> Option<&Handle> {
        match self {
            Val::ExternRef(Some(external)) => Some(&external.0),
            Val::FuncRef(Some(function)) => Some(function.handle()),
            _ => None,
        }
    }

    /// Fails if it is a reference of another store.
    pub(crate) fn check_store(&self, context: &Context) -> Result<()> {
        match self.reference() {
            Some(handle) if !context.owns(handle) => Err(Error::argument("a reference belongs to another store")),
            _ => Ok(()),
        }
    }

    /// Writes the value, which is no reference, to its one or two slots. Returns how many they are.
    pub(crate) fn write_slots(&self, slots: &mut [u64]) -> usize {
        match self {
            Val::I32(value) => slots[0] = u64::from(*value as u32),
            Val::I64(value) => slots[0] = *value as u64,
            Val::F32(value) => slots[0] = u64::from(value.to_bits()),
            Val::F64(value) => slots[0] = value.to_bits(),
            Val::V128(value) => {
                slots[0] = *value as u64;
                slots[1] = (*value >> 64) as u64;
            }
            Val::ExternRef(_) | Val::FuncRef(_) => slots[0] = 0,
        }
        self.ty().slots()
    }

    /// Reads a value that is no reference.
    pub(crate) fn read_slots(ty: ValType, slots: &[u64]) -> Val {
        match ty {
            ValType::I32 => Val::I32(slots[0] as i32),
            ValType::I64 => Val::I64(slots[0] as i64),
            ValType::F32 => Val::F32(f32::from_bits(slots[0] as u32)),
            ValType::F64 => Val::F64(f64::from_bits(slots[0])),
            ValType::V128 => Val::V128(u128::from(slots[0]) | u128::from(slots[1]) << 64),
            ValType::ExternRef => Val::ExternRef(None),
            ValType::FuncRef => Val::FuncRef(None),
        }
    }

    /// The value in C, with a reference that is lent; vectors don't fit.
    pub(crate) fn to_raw(&self) -> ffi::wasm_val_t {
        let of = match self {
            Val::I32(value) => ffi::wasm_val_of_t { i32: *value },
            Val::I64(value) => ffi::wasm_val_of_t { i64: *value },
            Val::F32(value) => ffi::wasm_val_of_t { f32: *value },
            Val::F64(value) => ffi::wasm_val_of_t { f64: *value },
            Val::V128(_) => ffi::wasm_val_of_t { i64: 0 },
            Val::ExternRef(_) | Val::FuncRef(_) => ffi::wasm_val_of_t { r#ref: self.raw_reference() },
        };
        ffi::wasm_val_t { kind: self.ty().raw(), of }
    }

    /// The reference, lent; NULL for none.
    pub(crate) fn raw_reference(&self) -> *mut ffi::wasm_ref_t {
        self.reference().map_or(std::ptr::null_mut(), |handle| handle.raw)
    }

    /// Takes over a value of C.
    ///
    /// # Safety
    /// The value must be well-formed; a reference in it must be of the context's store, and nobody else may delete it.
    pub(crate) unsafe fn from_raw(raw: &ffi::wasm_val_t, context: &Context) -> Val {
        // SAFETY: the kind tells which of them it is.
        unsafe {
            match ValType::from_raw(raw.kind) {
                ValType::I32 => Val::I32(raw.of.i32),
                ValType::I64 => Val::I64(raw.of.i64),
                ValType::F32 => Val::F32(raw.of.f32),
                ValType::F64 => Val::F64(raw.of.f64),
                ValType::V128 => Val::V128(0),
                ty => Val::from_raw_reference(ty, raw.of.r#ref, context),
            }
        }
    }

    /// Takes over a reference, which may be NULL.
    ///
    /// # Safety
    /// As of `from_raw`.
    pub(crate) unsafe fn from_raw_reference(ty: ValType, raw: *mut ffi::wasm_ref_t, context: &Context) -> Val {
        if ty == ValType::FuncRef {
            // SAFETY: it is NULL, or a function.
            let function = unsafe { ffi::wasm_ref_as_func(raw) };
            return Val::FuncRef((!function.is_null()).then(|| Func::from_handle(context.handle(raw))));
        }
        Val::ExternRef((!raw.is_null()).then(|| ExternRef(Arc::new(context.handle(raw)))))
    }
}

macro_rules! conversions {
    ($($kind:ty, $variant:ident, $value:ident => $made:expr;)*) => {$(
        impl From<$kind> for Val {
            fn from($value: $kind) -> Val {
                Val::$variant($made)
            }
        }
    )*};
}

conversions! {
    i32, I32, value => value;
    u32, I32, value => value as i32;
    i64, I64, value => value;
    u64, I64, value => value as i64;
    f32, F32, value => value;
    f64, F64, value => value;
    u128, V128, value => value;
    Func, FuncRef, value => Some(value);
    Option<Func>, FuncRef, value => value;
    ExternRef, ExternRef, value => Some(value);
    Option<ExternRef>, ExternRef, value => value;
}

/// A value of Rust's that Wasm code can hold, pass on and give back, but not look into.
///
/// The value lives as long as the store, since Wasm code may have hidden the reference anywhere.
#[derive(Clone)]
pub struct ExternRef(Arc<Handle>);

type HostValue = Box<dyn Any + Send>;

unsafe extern "C" fn drop_host_value(value: *mut c_void) {
    // SAFETY: the library calls it once, with what it was given in `ExternRef::new`.
    drop_quietly(unsafe { Box::from_raw(value as *mut HostValue) });
}

impl ExternRef {
    /// A reference to a value.
    pub fn new(context: &mut Context, value: impl Any + Send) -> ExternRef {
        let value: Box<HostValue> = Box::new(Box::new(value));
        // SAFETY: we have the store; the value goes to the library, which drops it with the store.
        unsafe {
            let foreign = ffi::wasm_foreign_new(context.raw());
            ffi::wasm_foreign_set_host_info_with_finalizer(
                foreign,
                Box::into_raw(value) as *mut c_void,
                Some(drop_host_value),
            );
            ExternRef(Arc::new(context.handle(ffi::wasm_foreign_as_ref(foreign))))
        }
    }

    /// The value; `None` if it is of another type, or a thing of the store's own. It is lent as long as the store.
    pub fn downcast_ref<'a, T: Any>(&self, context: &'a Context) -> Option<&'a T> {
        let raw = context.check(&self.0);
        // SAFETY: foreign things have what `new` gave them, or nothing; it is never replaced, and ends with the store.
        unsafe {
            let foreign = ffi::wasm_ref_as_foreign_const(raw);
            if foreign.is_null() {
                return None;
            }
            let value = ffi::wasm_foreign_get_host_info(foreign) as *const HostValue;
            if value.is_null() {
                return None;
            }
            let value: &dyn Any = &**value;
            value.downcast_ref()
        }
    }

    /// Whether both refer to the same thing.
    pub fn is_same(&self, other: &ExternRef, context: &Context) -> bool {
        let (left, right) = (context.check(&self.0), context.check(&other.0));
        // SAFETY: both are references of the store that we have.
        unsafe { ffi::wasm_ref_same(left, right) }
    }
}

impl fmt::Debug for ExternRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ExternRef").finish_non_exhaustive()
    }
}
