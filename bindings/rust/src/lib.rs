//! Safe bindings to Cannery, an ahead-of-time WebAssembly compiler and engine.
//!
//! An [`Engine`] compiles [`Module`]s; a [`Store`] holds [`Instance`]s of them, whose exports are called.
//!
//! ```no_run
//! use cannery::{Config, Engine, Instance, Module, Store};
//!
//! let engine = Engine::new(&Config::new())?;
//! let module = Module::new(
//!     &engine,
//!     r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#,
//! )?;
//! let mut store = Store::new(&engine)?;
//! let instance = Instance::new(&mut store, &module, &[])?;
//! let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
//! assert_eq!(add.call(&mut store, (2, 3))?, 5);
//! # Ok::<(), cannery::Error>(())
//! ```
//!
//! # Threads and lifetimes
//!
//! Engines and modules are for any number of threads. A store is used by one thread at a time: it is `Send`, and not `Sync`.
//! Handles of what is in a store ([`Func`], [`Memory`] …) can be cloned, kept and dropped anywhere, in any order, but say and do
//! nothing without a borrow of the store: functions take a [`Context`], which `&store`, `&mut store` and, in host
//! functions, `caller` are. A handle with another store's context ends with a panic.
//!
//! So bytes that a memory lends can't be changed by Wasm code while they are looked at:
//!
//! ```compile_fail,E0502
//! # use cannery::{Memory, Store, TypedFunc};
//! fn misuse(store: &mut Store, memory: &Memory, function: &TypedFunc<(), ()>) {
//!     let bytes = memory.data(store).unwrap();
//!     function.call(store, ()).unwrap();
//!     println!("{}", bytes[0]);
//! }
//! ```
//!
//! they don't live longer than the store:
//!
//! ```compile_fail,E0505
//! # use cannery::{Memory, Store};
//! fn misuse(store: Store, memory: &Memory) {
//!     let bytes = memory.data(&store).unwrap();
//!     drop(store);
//!     println!("{}", bytes[0]);
//! }
//! ```
//!
//! two threads don't share a store:
//!
//! ```compile_fail,E0277
//! # use cannery::Store;
//! fn is_sync<T: Sync>() {}
//! is_sync::<Store>();
//! ```
//!
//! host functions take nothing to a store that can't go to another thread with it, or that they only borrow:
//!
//! ```compile_fail,E0277
//! # use cannery::{Func, Store};
//! fn misuse(store: &mut Store, counter: std::rc::Rc<std::cell::Cell<i32>>) {
//!     Func::wrap(store, "count", move || counter.set(counter.get() + 1)).unwrap();
//! }
//! ```
//!
//! ```compile_fail,E0597
//! # use cannery::{Func, Store};
//! fn misuse(store: &mut Store) {
//!     let counter = std::sync::Mutex::new(0);
//!     let counter = &counter;
//!     Func::wrap(store, "count", move || *counter.lock().unwrap() += 1).unwrap();
//! }
//! ```
//!
//! they don't change what they own without saying how, as they may be called while they run:
//!
//! ```compile_fail,E0525
//! # use cannery::{Func, Store};
//! fn misuse(store: &mut Store) {
//!     let mut counter = 0;
//!     Func::wrap(store, "count", move || counter += 1).unwrap();
//! }
//! ```
//!
//! nobody keeps a caller beyond its call:
//!
//! ```compile_fail,E0521
//! # use cannery::{Caller, Func, Store};
//! fn misuse(store: &mut Store) {
//!     let kept = std::sync::Mutex::new(None);
//!     Func::wrap(store, "keep", move |caller: &mut Caller<'_>| {
//!         *kept.lock().unwrap() = Some(caller.data(0).unwrap());
//!     })
//!     .unwrap();
//! }
//! ```
//!
//! or swaps the contexts of two stores:
//!
//! ```compile_fail,E0277
//! # use cannery::{Caller, Store};
//! fn misuse(caller: &mut Caller<'_>, store: &mut Store) {
//!     std::mem::swap(&mut **caller, &mut **store);
//! }
//! ```
//!
//! # Panics in host functions
//!
//! A panic in a host function ends the Wasm code that called it, like a trap, and goes on where Rust called that code.
//!
//! # Features
//!
//! `canister` links `libcannery-canister` in place of `libcannery`, and has the module `canister`: programs of the Internet
//! Computer in its rules.

#![deny(missing_docs, missing_debug_implementations, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

#[cfg(feature = "canister")]
pub mod canister;
mod closure;
mod engine;
mod error;
mod execution;
#[allow(missing_debug_implementations)]
pub mod ffi;
mod func;
mod host;
mod instance;
mod memory;
mod module;
mod store;
mod typed;
mod types;
mod value;

pub use closure::Closure;
pub use engine::{version, wat2wasm, Config, Engine, Features, LogLevel, Metering};
pub use error::{Error, ErrorKind, Frame, Result, Trap, TrapKind};
pub use execution::{Execution, State};
pub use func::Func;
pub use host::{Caller, HostResult, IntoHostFunc};
pub use instance::{Extern, Instance, Linker};
pub use memory::{Global, Memory, Table};
pub use module::Module;
pub use store::{Context, Interrupt, Store, StoreConfig};
pub use typed::{TypedFunc, WasmValue, WasmValues};
pub use types::{ExportType, ExternType, FuncType, GlobalType, ImportType, MemoryType, TableType, ValType};
pub use value::{ExternRef, Val};
