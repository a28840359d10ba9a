//! Memories, tables and globals.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::ffi;
use crate::store::{Context, Handle};
use crate::types::{GlobalType, MemoryType, TableType};
use crate::value::Val;

/// A memory of a store.
#[derive(Clone)]
pub struct Memory(pub(crate) Arc<Handle>);

impl Memory {
    /// A memory for modules to import.
    pub fn new(context: &mut Context, ty: MemoryType) -> Result<Memory> {
        // SAFETY: we have the store; the type is ours and only read.
        unsafe {
            let raw_ty = ty.to_raw();
            let raw = ffi::wasm_memory_new(context.raw(), raw_ty);
            ffi::wasm_memorytype_delete(raw_ty);
            if raw.is_null() {
                return Err(Error::last());
            }
            Ok(Memory(Arc::new(context.handle(ffi::wasm_memory_as_ref(raw)))))
        }
    }

    fn raw(&self, context: &Context) -> *mut ffi::wasm_memory_t {
        context.check(&self.0) as *mut ffi::wasm_memory_t
    }

    /// The memory's type; its minimum is the present size.
    pub fn ty(&self, context: &Context) -> MemoryType {
        // SAFETY: we have the store; the type is ours.
        unsafe {
            let raw = ffi::wasm_memory_type(self.raw(context));
            let ty = MemoryType::from_raw(raw);
            ffi::wasm_memorytype_delete(raw);
            ty
        }
    }

    /// The size in pages of 64 KiB.
    pub fn size(&self, context: &Context) -> u32 {
        // SAFETY: we have the store.
        unsafe { ffi::wasm_memory_size(self.raw(context)) }
    }

    /// The size in bytes.
    pub fn data_size(&self, context: &Context) -> usize {
        // SAFETY: we have the store.
        unsafe { ffi::wasm_memory_data_size(self.raw(context)) }
    }

    /// Adds pages. Gives the size before; fails at the maximum, and at the store's limit.
    pub fn grow(&self, context: &mut Context, pages: u32) -> Result<u32> {
        let raw = self.raw(context);
        // SAFETY: we have the store, and nobody looks at the bytes.
        unsafe {
            let size = ffi::wasm_memory_size(raw);
            if !ffi::wasm_memory_grow(raw, pages) {
                return Err(Error::new(ErrorKind::Resource, "the memory can't grow so far"));
            }
            Ok(size)
        }
    }

    /// The bytes. `None` where the store tracks writes: then they can only be copied.
    pub fn data<'a>(&self, context: &'a Context) -> Option<&'a [u8]> {
        // SAFETY: the bytes are lent as long as the context, and so as long as nothing can change or move them.
        self.raw_data(context).map(|(data, size)| unsafe { std::slice::from_raw_parts(data, size) })
    }

    /// The bytes, to be changed. `None` where the store tracks writes.
    pub fn data_mut<'a>(&self, context: &'a mut Context) -> Option<&'a mut [u8]> {
        // SAFETY: as above, and nobody else can look at them.
        self.raw_data(context).map(|(data, size)| unsafe { std::slice::from_raw_parts_mut(data, size) })
    }

    fn raw_data(&self, context: &Context) -> Option<(*mut u8, usize)> {
        let raw = self.raw(context);
        if context.tracks_writes() {
            return None;
        }
        // SAFETY: we have the store.
        let (data, size) = unsafe { (ffi::wasm_memory_data(raw), ffi::wasm_memory_data_size(raw)) };
        match (data.is_null(), size) {
            (_, 0) => Some((std::ptr::NonNull::dangling().as_ptr(), 0)),
            (true, _) => None,
            (false, size) => Some((data, size)),
        }
    }

    /// Copies bytes from the memory. Fails if they aren't all there.
    pub fn read(&self, context: &Context, offset: u64, bytes: &mut [u8]) -> Result<()> {
        // SAFETY: the library writes so many bytes at most.
        let done =
            unsafe { ffi::cannery_memory_read(self.raw(context), offset, bytes.as_mut_ptr().cast(), bytes.len()) };
        done.then_some(()).ok_or_else(out_of_bounds)
    }

    /// Copies bytes to the memory. Fails, and writes nothing, if there isn't room for all.
    pub fn write(&self, context: &mut Context, offset: u64, bytes: &[u8]) -> Result<()> {
        // SAFETY: the library reads so many bytes.
        let done = unsafe { ffi::cannery_memory_write(self.raw(context), offset, bytes.as_ptr().cast(), bytes.len()) };
        done.then_some(()).ok_or_else(out_of_bounds)
    }

    /// How many pages of 4 KiB are different from what was committed, where the store tracks writes.
    pub fn dirty_pages(&self, context: &Context) -> usize {
        // SAFETY: we have the store.
        unsafe { ffi::cannery_memory_dirty_pages(self.raw(context)) }
    }
}

fn out_of_bounds() -> Error {
    Error::argument("out of bounds memory access")
}

impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Memory")
    }
}

/// A table of a store.
#[derive(Clone)]
pub struct Table(pub(crate) Arc<Handle>);

impl Table {
    /// A table for modules to import, with `initial` as all its elements.
    pub fn new(context: &mut Context, ty: TableType, initial: &Val) -> Result<Table> {
        if !ty.element.is_reference() || initial.ty() != ty.element {
            return Err(Error::argument("the table's element is not of its type"));
        }
        initial.check_store(context)?;
        // SAFETY: we have the store; the type is ours and only read, and the reference is lent.
        unsafe {
            let raw_ty = ty.to_raw();
            let raw = ffi::wasm_table_new(context.raw(), raw_ty, initial.raw_reference());
            ffi::wasm_tabletype_delete(raw_ty);
            if raw.is_null() {
                return Err(Error::last());
            }
            Ok(Table(Arc::new(context.handle(ffi::wasm_table_as_ref(raw)))))
        }
    }

    fn raw(&self, context: &Context) -> *mut ffi::wasm_table_t {
        context.check(&self.0) as *mut ffi::wasm_table_t
    }

    /// The table's type.
    pub fn ty(&self, context: &Context) -> TableType {
        // SAFETY: we have the store; the type is ours.
        unsafe {
            let raw = ffi::wasm_table_type(self.raw(context));
            let ty = TableType::from_raw(raw);
            ffi::wasm_tabletype_delete(raw);
            ty
        }
    }

    /// The number of elements.
    pub fn size(&self, context: &Context) -> u32 {
        // SAFETY: we have the store.
        unsafe { ffi::wasm_table_size(self.raw(context)) }
    }

    /// An element; `None` beyond the end.
    pub fn get(&self, context: &Context, index: u32) -> Option<Val> {
        if index >= self.size(context) {
            return None;
        }
        let element = self.ty(context).element;
        // SAFETY: the reference is ours, and of the table's type.
        unsafe {
            let raw = ffi::wasm_table_get(self.raw(context), index);
            Some(Val::from_raw_reference(element, raw, context))
        }
    }

    /// Replaces an element. Fails beyond the end, and for a value of another type.
    pub fn set(&self, context: &mut Context, index: u32, value: &Val) -> Result<()> {
        self.check(context, value)?;
        // SAFETY: the reference is lent.
        let done = unsafe { ffi::wasm_table_set(self.raw(context), index, value.raw_reference()) };
        done.then_some(()).ok_or_else(|| Error::argument("out of bounds table access"))
    }

    /// Adds elements. Gives the size before; fails at the maximum, and at the store's limit.
    pub fn grow(&self, context: &mut Context, count: u32, initial: &Val) -> Result<u32> {
        self.check(context, initial)?;
        let size = self.size(context);
        // SAFETY: the reference is lent.
        let done = unsafe { ffi::wasm_table_grow(self.raw(context), count, initial.raw_reference()) };
        done.then_some(size).ok_or_else(|| Error::new(ErrorKind::Resource, "the table can't grow so far"))
    }

    fn check(&self, context: &Context, value: &Val) -> Result<()> {
        if value.ty() != self.ty(context).element {
            return Err(Error::argument("the value is not of the table's type"));
        }
        value.check_store(context)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Table")
    }
}

/// A global of a store.
#[derive(Clone)]
pub struct Global(pub(crate) Arc<Handle>);

impl Global {
    /// A global for modules to import.
    pub fn new(context: &mut Context, ty: GlobalType, value: &Val) -> Result<Global> {
        if value.ty() != ty.content {
            return Err(Error::argument("the global's value is not of its type"));
        }
        if let Val::V128(_) = value {
            return Err(Error::argument("globals that are vectors can't be made by the host"));
        }
        value.check_store(context)?;
        // SAFETY: we have the store; the type is ours and only read, and the value is lent.
        unsafe {
            let raw_ty = ty.to_raw();
            let raw = ffi::wasm_global_new(context.raw(), raw_ty, &value.to_raw());
            ffi::wasm_globaltype_delete(raw_ty);
            if raw.is_null() {
                return Err(Error::last());
            }
            Ok(Global(Arc::new(context.handle(ffi::wasm_global_as_ref(raw)))))
        }
    }

    fn raw(&self, context: &Context) -> *mut ffi::wasm_global_t {
        context.check(&self.0) as *mut ffi::wasm_global_t
    }

    /// The global's type.
    pub fn ty(&self, context: &Context) -> GlobalType {
        // SAFETY: we have the store; the type is ours.
        unsafe {
            let raw = ffi::wasm_global_type(self.raw(context));
            let ty = GlobalType::from_raw(raw);
            ffi::wasm_globaltype_delete(raw);
            ty
        }
    }

    /// The present value.
    pub fn get(&self, context: &Context) -> Val {
        let (raw, content) = (self.raw(context), self.ty(context).content);
        // SAFETY: two slots are enough for all values; a reference that is given is ours.
        unsafe {
            if content.is_reference() {
                let mut value = Val::default_of(content).to_raw();
                ffi::wasm_global_get(raw, &mut value);
                return Val::from_raw(&value, context);
            }
            let mut slots = [0; 2];
            ffi::cannery_global_read(raw, slots.as_mut_ptr(), slots.len());
            Val::read_slots(content, &slots)
        }
    }

    /// Replaces the value. Fails if the global can't be changed, or the value is of another type.
    pub fn set(&self, context: &mut Context, value: &Val) -> Result<()> {
        let (raw, ty) = (self.raw(context), self.ty(context));
        if !ty.is_mutable {
            return Err(Error::argument("the global can't be changed"));
        }
        if value.ty() != ty.content {
            return Err(Error::argument("the value is not of the global's type"));
        }
        value.check_store(context)?;
        // SAFETY: the reference is lent; two slots are enough for all other values.
        unsafe {
            if ty.content.is_reference() {
                ffi::wasm_global_set(raw, &value.to_raw());
                return Ok(());
            }
            let mut slots = [0; 2];
            value.write_slots(&mut slots);
            if !ffi::cannery_global_write(raw, slots.as_ptr(), slots.len()) {
                return Err(Error::last());
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Global {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Global")
    }
}
