//! Types of values, functions, globals, tables and memories.

use std::fmt;

use crate::ffi;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValType {
    /// An integer of 32 bits.
    I32,
    /// An integer of 64 bits.
    I64,
    /// A float of 32 bits.
    F32,
    /// A float of 64 bits.
    F64,
    /// A vector of 128 bits.
    V128,
    /// A reference to something of the host's, or another one that isn't to a function.
    ExternRef,
    /// A reference to a function.
    FuncRef,
}

impl ValType {
    pub(crate) fn from_raw(kind: ffi::wasm_valkind_t) -> ValType {
        match kind {
            ffi::WASM_I32 => ValType::I32,
            ffi::WASM_I64 => ValType::I64,
            ffi::WASM_F32 => ValType::F32,
            ffi::WASM_F64 => ValType::F64,
            ffi::CANNERY_V128 => ValType::V128,
            ffi::WASM_FUNCREF => ValType::FuncRef,
            _ => ValType::ExternRef,
        }
    }

    pub(crate) fn raw(self) -> ffi::wasm_valkind_t {
        match self {
            ValType::I32 => ffi::WASM_I32,
            ValType::I64 => ffi::WASM_I64,
            ValType::F32 => ffi::WASM_F32,
            ValType::F64 => ffi::WASM_F64,
            ValType::V128 => ffi::CANNERY_V128,
            ValType::ExternRef => ffi::WASM_EXTERNREF,
            ValType::FuncRef => ffi::WASM_FUNCREF,
        }
    }

    /// Whether values are references.
    pub fn is_reference(self) -> bool {
        matches!(self, ValType::ExternRef | ValType::FuncRef)
    }

    /// Slots of 8 bytes that a value takes.
    pub(crate) fn slots(self) -> usize {
        if self == ValType::V128 {
            2
        } else {
            1
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            ValType::V128 => "v128",
            ValType::ExternRef => "externref",
            ValType::FuncRef => "funcref",
        })
    }
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    params: Box<[ValType]>,
    results: Box<[ValType]>,
}

impl FuncType {
    /// A type from those of parameters and results.
    pub fn new(params: impl IntoIterator<Item = ValType>, results: impl IntoIterator<Item = ValType>) -> FuncType {
        FuncType { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// The types of the results.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    pub(crate) fn has_references(&self) -> bool {
        self.params.iter().chain(&*self.results).any(|kind| kind.is_reference())
    }

    /// Slots that a call needs: for the parameters, or for the results where they need more.
    pub(crate) fn slots(&self) -> usize {
        let count = |types: &[ValType]| types.iter().map(|kind| kind.slots()).sum::<usize>();
        count(&self.params).max(count(&self.results))
    }

    /// # Safety
    /// `raw` must be a type that lives during the call.
    pub(crate) unsafe fn from_raw(raw: *const ffi::wasm_functype_t) -> FuncType {
        unsafe fn list(vector: *const ffi::wasm_valtype_vec_t) -> Box<[ValType]> {
            // SAFETY: the vector lives as long as the type, and has `size` elements.
            unsafe {
                let size = if (*vector).data.is_null() { 0 } else { (*vector).size };
                (0..size).map(|index| ValType::from_raw(ffi::wasm_valtype_kind(*(*vector).data.add(index)))).collect()
            }
        }
        // SAFETY: as above.
        unsafe {
            FuncType { params: list(ffi::wasm_functype_params(raw)), results: list(ffi::wasm_functype_results(raw)) }
        }
    }

    /// A type of the library's, to be deleted.
    pub(crate) fn to_raw(&self) -> *mut ffi::wasm_functype_t {
        fn vector(types: &[ValType]) -> ffi::wasm_valtype_vec_t {
            // SAFETY: the new types go to the vector.
            unsafe {
                let raw: Vec<_> = types.iter().map(|kind| ffi::wasm_valtype_new(kind.raw())).collect();
                let mut vector = ffi::wasm_valtype_vec_t { size: 0, data: std::ptr::null_mut() };
                ffi::wasm_valtype_vec_new(&mut vector, raw.len(), raw.as_ptr());
                vector
            }
        }
        // SAFETY: the vectors go to the type.
        unsafe { ffi::wasm_functype_new(&mut vector(&self.params), &mut vector(&self.results)) }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValType]| types.iter().map(ValType::to_string).collect::<Vec<_>>().join(", ");
        write!(out, "({}) -> ({})", list(&self.params), list(&self.results))
    }
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct GlobalType {
    /// The type of its value.
    pub content: ValType,
    /// Whether it can be changed.
    pub is_mutable: bool,
}

impl GlobalType {
    /// A type.
    pub fn new(content: ValType, is_mutable: bool) -> GlobalType {
        GlobalType { content, is_mutable }
    }

    /// # Safety
    /// `raw` must be a type that lives during the call.
    pub(crate) unsafe fn from_raw(raw: *const ffi::wasm_globaltype_t) -> GlobalType {
        // SAFETY: as above.
        unsafe {
            GlobalType {
                content: ValType::from_raw(ffi::wasm_valtype_kind(ffi::wasm_globaltype_content(raw))),
                is_mutable: ffi::wasm_globaltype_mutability(raw) != 0,
            }
        }
    }

    pub(crate) fn to_raw(self) -> *mut ffi::wasm_globaltype_t {
        // SAFETY: the new content goes to the type.
        unsafe { ffi::wasm_globaltype_new(ffi::wasm_valtype_new(self.content.raw()), u8::from(self.is_mutable)) }
    }
}

fn raw_limits(minimum: u32, maximum: Option<u32>) -> ffi::wasm_limits_t {
    ffi::wasm_limits_t { min: minimum, max: maximum.unwrap_or(u32::MAX) }
}

fn maximum(limits: &ffi::wasm_limits_t) -> Option<u32> {
    (limits.max != u32::MAX).then_some(limits.max)
}

/// The type of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TableType {
    /// The type of its elements: a reference.
    pub element: ValType,
    /// Elements that it has at least.
    pub minimum: u32,
    /// Elements that it can have.
    pub maximum: Option<u32>,
    /// Whether it is indexed with 64 bits.
    pub is_64: bool,
}

impl TableType {
    /// A type of tables with 32-bit indices.
    pub fn new(element: ValType, minimum: u32, maximum: Option<u32>) -> TableType {
        TableType { element, minimum, maximum, is_64: false }
    }

    /// # Safety
    /// `raw` must be a type that lives during the call.
    pub(crate) unsafe fn from_raw(raw: *const ffi::wasm_tabletype_t) -> TableType {
        // SAFETY: as above.
        unsafe {
            let limits = &*ffi::wasm_tabletype_limits(raw);
            TableType {
                element: ValType::from_raw(ffi::wasm_valtype_kind(ffi::wasm_tabletype_element(raw))),
                minimum: limits.min,
                maximum: maximum(limits),
                is_64: ffi::cannery_tabletype_is_64(raw),
            }
        }
    }

    pub(crate) fn to_raw(self) -> *mut ffi::wasm_tabletype_t {
        // SAFETY: the new element goes to the type.
        unsafe {
            let limits = raw_limits(self.minimum, self.maximum);
            let raw = ffi::wasm_tabletype_new(ffi::wasm_valtype_new(self.element.raw()), &limits);
            ffi::cannery_tabletype_set_64(raw, self.is_64);
            raw
        }
    }
}

/// The type of a memory. Sizes are in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MemoryType {
    /// Pages that it has at least.
    pub minimum: u32,
    /// Pages that it can have.
    pub maximum: Option<u32>,
    /// Whether it is indexed with 64 bits.
    pub is_64: bool,
}

impl MemoryType {
    /// A type of memories with 32-bit addresses.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType { minimum, maximum, is_64: false }
    }

    /// # Safety
    /// `raw` must be a type that lives during the call.
    pub(crate) unsafe fn from_raw(raw: *const ffi::wasm_memorytype_t) -> MemoryType {
        // SAFETY: as above.
        unsafe {
            let limits = &*ffi::wasm_memorytype_limits(raw);
            MemoryType { minimum: limits.min, maximum: maximum(limits), is_64: ffi::cannery_memorytype_is_64(raw) }
        }
    }

    pub(crate) fn to_raw(self) -> *mut ffi::wasm_memorytype_t {
        // SAFETY: the type is new.
        unsafe {
            let raw = ffi::wasm_memorytype_new(&raw_limits(self.minimum, self.maximum));
            ffi::cannery_memorytype_set_64(raw, self.is_64);
            raw
        }
    }
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
}

impl ExternType {
    /// # Safety
    /// `raw` must be a type that lives during the call.
    pub(crate) unsafe fn from_raw(raw: *const ffi::wasm_externtype_t) -> ExternType {
        // SAFETY: as above; each type is asked by its own name.
        unsafe {
            match ffi::wasm_externtype_kind(raw) {
                ffi::WASM_EXTERN_FUNC => {
                    ExternType::Func(FuncType::from_raw(ffi::wasm_externtype_as_functype_const(raw)))
                }
                ffi::WASM_EXTERN_GLOBAL => {
                    ExternType::Global(GlobalType::from_raw(ffi::wasm_externtype_as_globaltype_const(raw)))
                }
                ffi::WASM_EXTERN_TABLE => {
                    ExternType::Table(TableType::from_raw(ffi::wasm_externtype_as_tabletype_const(raw)))
                }
                _ => ExternType::Memory(MemoryType::from_raw(ffi::wasm_externtype_as_memorytype_const(raw))),
            }
        }
    }
}

/// What a module needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ImportType {
    /// The name of the module that it comes from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

/// What a module offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ExportType {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}
