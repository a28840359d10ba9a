//! Types of Rust's that are values of WebAssembly, and calls that are checked once and then cost little.

use std::fmt;
use std::marker::PhantomData;

use crate::error::Trap;
use crate::ffi;
use crate::func::Func;
use crate::store::Context;
use crate::types::{FuncType, ValType};

mod sealed {
    pub trait Sealed {}
}

/// Types that are one value: integers and floats of 32 and 64 bits, and `u128` for a vector. Signed and unsigned integers are
/// the same in WebAssembly.
pub trait WasmValue: Copy + sealed::Sealed {
    #[doc(hidden)]
    const TYPE: ValType;
    #[doc(hidden)]
    const SLOTS: usize;
    /// # Safety
    /// There must be a slot, or two for a vector.
    #[doc(hidden)]
    unsafe fn load(slots: *const u64) -> Self;
    /// # Safety
    /// As above.
    #[doc(hidden)]
    unsafe fn store(self, slots: *mut u64);
}

macro_rules! values {
    ($($kind:ty, $variant:ident, $slot:ident => $from:expr, $value:ident => $to:expr;)*) => {$(
        impl sealed::Sealed for $kind {}
        impl WasmValue for $kind {
            const TYPE: ValType = ValType::$variant;
            const SLOTS: usize = 1;
            #[inline]
            unsafe fn load(slots: *const u64) -> Self {
                // SAFETY: whoever calls has a slot.
                let $slot = unsafe { *slots };
                $from
            }
            #[inline]
            unsafe fn store(self, slots: *mut u64) {
                let $value = self;
                // SAFETY: whoever calls has a slot.
                unsafe { *slots = $to }
            }
        }
    )*};
}

values! {
    i32, I32, slot => slot as i32, value => u64::from(value as u32);
    u32, I32, slot => slot as u32, value => u64::from(value);
    i64, I64, slot => slot as i64, value => value as u64;
    u64, I64, slot => slot, value => value;
    f32, F32, slot => f32::from_bits(slot as u32), value => u64::from(value.to_bits());
    f64, F64, slot => f64::from_bits(slot), value => value.to_bits();
}

impl sealed::Sealed for u128 {}
impl WasmValue for u128 {
    const TYPE: ValType = ValType::V128;
    const SLOTS: usize = 2;
    #[inline]
    unsafe fn load(slots: *const u64) -> Self {
        // SAFETY: whoever calls has two slots.
        unsafe { u128::from(*slots) | u128::from(*slots.add(1)) << 64 }
    }
    #[inline]
    unsafe fn store(self, slots: *mut u64) {
        // SAFETY: whoever calls has two slots.
        unsafe {
            *slots = self as u64;
            *slots.add(1) = (self >> 64) as u64;
        }
    }
}

/// Types that are parameters or results: a [`WasmValue`], or a tuple of up to 12 of them.
pub trait WasmValues: Sized + sealed::Sealed {
    #[doc(hidden)]
    const COUNT: usize;
    #[doc(hidden)]
    fn types() -> Vec<ValType>;
    /// # Safety
    /// There must be `COUNT` slots.
    #[doc(hidden)]
    unsafe fn load_all(slots: *const u64) -> Self;
    /// # Safety
    /// As above.
    #[doc(hidden)]
    unsafe fn store_all(self, slots: *mut u64);
}

impl<T: WasmValue> WasmValues for T {
    const COUNT: usize = T::SLOTS;
    fn types() -> Vec<ValType> {
        vec![T::TYPE]
    }
    #[inline]
    unsafe fn load_all(slots: *const u64) -> Self {
        // SAFETY: the same rule.
        unsafe { T::load(slots) }
    }
    #[inline]
    unsafe fn store_all(self, slots: *mut u64) {
        // SAFETY: the same rule.
        unsafe { self.store(slots) }
    }
}

/// Slots of the largest tuple.
pub(crate) const SLOT_LIMIT: usize = 24;

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        impl<$($name: WasmValue),*> sealed::Sealed for ($($name,)*) {}
        #[allow(non_snake_case, unused_variables, unused_mut, unused_assignments, unused_unsafe, clippy::unused_unit)]
        impl<$($name: WasmValue),*> WasmValues for ($($name,)*) {
            const COUNT: usize = 0 $(+ $name::SLOTS)*;
            fn types() -> Vec<ValType> {
                vec![$($name::TYPE),*]
            }
            #[inline]
            unsafe fn load_all(slots: *const u64) -> Self {
                let mut next = 0;
                // SAFETY: each reads its own, of `COUNT` in all.
                unsafe {
                    ($({
                        let at = next;
                        next += $name::SLOTS;
                        $name::load(slots.add(at))
                    },)*)
                }
            }
            #[inline]
            unsafe fn store_all(self, slots: *mut u64) {
                let ($($name,)*) = self;
                let mut next = 0;
                // SAFETY: each writes its own, of `COUNT` in all.
                unsafe {
                    $(
                        $name.store(slots.add(next));
                        next += $name::SLOTS;
                    )*
                }
            }
        }
    )*};
}

tuples! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) (A B C D E F G H I)
    (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

/// The type of functions with these parameters and results.
pub(crate) fn type_of<P: WasmValues, R: WasmValues>() -> FuncType {
    FuncType::new(P::types(), R::types())
}

/// A function whose type was checked: [`Func::typed`] makes it. A call converts nothing and allocates nothing.
pub struct TypedFunc<Params, Results> {
    function: Func,
    types: PhantomData<fn(Params) -> Results>,
}

impl<P: WasmValues, R: WasmValues> TypedFunc<P, R> {
    /// The function must be of this type.
    pub(crate) fn new(function: Func) -> TypedFunc<P, R> {
        TypedFunc { function, types: PhantomData }
    }

    /// Calls the function. A panic of a host function that is called inside goes on here.
    #[inline]
    pub fn call(&self, context: &mut Context, params: P) -> Result<R, Trap> {
        let mut slots = std::mem::MaybeUninit::<[u64; SLOT_LIMIT]>::uninit();
        let raw = self.function.raw(context);
        let count = if P::COUNT > R::COUNT { P::COUNT } else { R::COUNT };
        debug_assert!(count <= SLOT_LIMIT);
        let slots = slots.as_mut_ptr() as *mut u64;
        // SAFETY: the function has these types, and there are slots for both; results are all written where there is no trap.
        unsafe {
            params.store_all(slots);
            for index in P::COUNT..count {
                *slots.add(index) = 0;
            }
            let trap = ffi::cannery_func_call(raw, slots, count);
            context.outcome(trap)?;
            Ok(R::load_all(slots))
        }
    }

    /// The function without its type.
    pub fn func(&self) -> &Func {
        &self.function
    }
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        TypedFunc { function: self.function.clone(), types: PhantomData }
    }
}

impl<P: WasmValues, R: WasmValues> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TypedFunc({})", type_of::<P, R>())
    }
}
