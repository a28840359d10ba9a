//! Calls in both directions: values, host functions, traps, panics, references, memories, tables, globals.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cannery::{
    Caller, Config, Engine, ErrorKind, Extern, ExternRef, Func, FuncType, Global, GlobalType, Instance, Linker, Memory,
    MemoryType, Module, Store, StoreConfig, Table, TableType, Trap, TrapKind, Val, ValType,
};

fn store() -> Store {
    Store::new(&Engine::new(&Config::new()).unwrap()).unwrap()
}

fn instance(store: &mut Store, linker: &Linker, text: &str) -> Instance {
    let module = Module::new(store.engine(), text).unwrap();
    linker.instantiate(store, &module).unwrap()
}

#[test]
fn typed_calls() {
    let mut store = store();
    let instance = instance(
        &mut store,
        &Linker::new(),
        r#"(module
          (func (export "none"))
          (func (export "i32") (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
          (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            (local.get 3) (local.get 2) (local.get 1) (local.get 0))
          (func (export "v128") (param i32 v128 i64) (result v128 i64)
            (i32x4.add (local.get 1) (i32x4.splat (local.get 0))) (local.get 2)))"#,
    );
    instance.typed_func::<(), ()>(&store, "none").unwrap().call(&mut store, ()).unwrap();
    let decrement = instance.typed_func::<i32, i32>(&store, "i32").unwrap();
    assert_eq!(decrement.call(&mut store, 0).unwrap(), -1);
    let unsigned = instance.typed_func::<(u32,), (u32,)>(&store, "i32").unwrap();
    assert_eq!(unsigned.call(&mut store, (0,)).unwrap(), (u32::MAX,));
    let swap = instance.typed_func::<(i32, i64, f32, f64), (f64, f32, i64, i32)>(&store, "swap").unwrap();
    assert_eq!(swap.call(&mut store, (-1, i64::MIN, 0.5, -2.5)).unwrap(), (-2.5, 0.5, i64::MIN, -1));
    let vector = instance.typed_func::<(i32, u128, u64), (u128, u64)>(&store, "v128").unwrap();
    let lanes = 1 | 2 << 32 | 3 << 64 | 4 << 96;
    assert_eq!(vector.call(&mut store, (1, lanes, 9)).unwrap(), (2 | 3 << 32 | 4 << 64 | 5 << 96, 9));

    let error = instance.typed_func::<i64, i32>(&store, "i32").unwrap_err();
    assert_eq!(error.message(), "the function's type is (i32) -> (i32), not (i64) -> (i32)");
    assert_eq!(instance.typed_func::<i64, i32>(&store, "missing").unwrap_err().kind(), ErrorKind::Argument);
    assert!(instance.func(&store, "missing").is_none() && instance.memory(&store, "i32").is_none());
}

#[test]
fn dynamic_calls() {
    let mut store = store();
    let instance = instance(
        &mut store,
        &Linker::new(),
        r#"(module
          (func (export "swap") (param i32 v128 f32) (result f32 v128 i32)
            (local.get 2) (local.get 1) (local.get 0)))"#,
    );
    let swap = instance.func(&store, "swap").unwrap();
    assert_eq!(swap.ty(&store).params(), [ValType::I32, ValType::V128, ValType::F32]);
    let results = swap.call(&mut store, &[Val::I32(-7), Val::V128(1 << 100), Val::F32(1.5)]).unwrap();
    assert_eq!(results[0].f32(), Some(1.5));
    assert_eq!(results[1].v128(), Some(1 << 100));
    assert_eq!(results[2].i32(), Some(-7));
    assert_eq!(results[2].i64(), None);
    for args in [&[][..], &[Val::I32(1)], &[Val::I32(1), Val::I64(1), Val::F32(0.0)]] {
        assert_eq!(swap.call(&mut store, args).unwrap_err().kind(), TrapKind::Host);
    }
}

#[test]
fn host_functions() {
    let mut store = store();
    let mut linker = Linker::new();
    linker.func(&mut store, "h", "add", |a: i32, b: i64| a as i64 + b).unwrap();
    linker.func(&mut store, "h", "pair", |a: f32, b: f64| (b, a)).unwrap();
    linker
        .func(&mut store, "h", "sum", |caller: &mut Caller<'_>, offset: u32, size: u32| -> Result<u32, Trap> {
            let mut bytes = vec![0; size as usize];
            caller.read(0, offset.into(), &mut bytes)?;
            caller.write(0, 0, b"seen")?;
            Ok(bytes.iter().map(|byte| u32::from(*byte)).sum())
        })
        .unwrap();
    let ty = FuncType::new([ValType::I64, ValType::V128], [ValType::V128]);
    let dynamic = Func::new(&mut store, "dynamic", ty, |_, args| Ok(vec![args[1].clone()])).unwrap();
    linker.define("h", "dynamic", dynamic);
    let instance = instance(
        &mut store,
        &linker,
        r#"(module
          (import "h" "add" (func $add (param i32 i64) (result i64)))
          (import "h" "pair" (func $pair (param f32 f64) (result f64 f32)))
          (import "h" "sum" (func $sum (param i32 i32) (result i32)))
          (import "h" "dynamic" (func $dynamic (param i64 v128) (result v128)))
          (memory (export "memory") 1)
          (data (i32.const 100) "\01\02\03\04")
          (func (export "add") (param i32 i64) (result i64) (call $add (local.get 0) (local.get 1)))
          (func (export "pair") (param f32 f64) (result f64 f32) (call $pair (local.get 0) (local.get 1)))
          (func (export "sum") (param i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
          (func (export "dynamic") (param v128) (result v128) (call $dynamic (i64.const 1) (local.get 0))))"#,
    );
    let add = instance.typed_func::<(i32, i64), i64>(&store, "add").unwrap();
    assert_eq!(add.call(&mut store, (-3, 1 << 40)).unwrap(), (1 << 40) - 3);
    let pair = instance.typed_func::<(f32, f64), (f64, f32)>(&store, "pair").unwrap();
    assert_eq!(pair.call(&mut store, (1.5, 2.5)).unwrap(), (2.5, 1.5));
    let sum = instance.typed_func::<(u32, u32), u32>(&store, "sum").unwrap();
    assert_eq!(sum.call(&mut store, (100, 4)).unwrap(), 10);
    assert_eq!(&instance.memory(&store, "memory").unwrap().data(&store).unwrap()[..4], b"seen");
    let trap = sum.call(&mut store, (65530, 10)).unwrap_err();
    assert_eq!((trap.kind(), trap.message()), (TrapKind::Host, "out of bounds memory access"));
    let dynamic = instance.typed_func::<u128, u128>(&store, "dynamic").unwrap();
    assert_eq!(dynamic.call(&mut store, 1 << 77).unwrap(), 1 << 77);
}

#[test]
fn results_of_host_functions_are_checked() {
    let mut store = store();
    for (name, results) in [("none", vec![]), ("type", vec![Val::I64(1)]), ("many", vec![Val::I32(1), Val::I32(1)])] {
        let ty = FuncType::new([], [ValType::I32]);
        let function = Func::new(&mut store, name, ty, move |_, _| Ok(results.clone())).unwrap();
        let trap = function.call(&mut store, &[]).unwrap_err();
        assert!(trap.message().starts_with("a host function's results: "), "{name}: {trap}");
    }
    let mut other = self::store();
    let foreign = ExternRef::new(&mut other, 1);
    let ty = FuncType::new([], [ValType::ExternRef]);
    let function = Func::new(&mut store, "other", ty, move |_, _| Ok(vec![Val::from(foreign.clone())])).unwrap();
    assert!(function.call(&mut store, &[]).unwrap_err().message().contains("another store"));
    let name = Func::wrap(&mut store, "a\0b", || {}).unwrap_err();
    assert_eq!(name.kind(), ErrorKind::Argument);
}

#[test]
fn callers_lend_what_called() {
    let mut store = store();
    let mut linker = Linker::new();
    let during_start = Arc::new(Mutex::new(None));
    let seen = during_start.clone();
    linker
        .func(&mut store, "h", "start", move |caller: &mut Caller<'_>| {
            *seen.lock().unwrap() = Some((caller.instance().is_none(), caller.data(0).map(<[u8]>::len)));
        })
        .unwrap();
    linker
        .func(&mut store, "h", "f", |caller: &mut Caller<'_>| -> Result<i32, Trap> {
            assert!(caller.data(1).is_none());
            caller.data_mut(0).unwrap()[7] = 21;
            let memory = caller.memory("memory").unwrap();
            assert_eq!(memory.data(caller).unwrap()[7], 21);
            assert_eq!(memory.grow(caller, 1).unwrap(), 1);
            assert_eq!(caller.data(0).unwrap().len(), 2 << 16);
            let instance = caller.instance().unwrap();
            let load = instance.typed_func::<i32, i32>(caller, "load")?;
            Ok(load.call(caller, 7)? * 2)
        })
        .unwrap();
    let instance = instance(
        &mut store,
        &linker,
        r#"(module
          (import "h" "f" (func $f (result i32)))
          (import "h" "start" (func $start))
          (memory (export "memory") 1 3)
          (func $s (call $start))
          (start $s)
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
          (func (export "run") (result i32) (call $f)))"#,
    );
    assert_eq!(*during_start.lock().unwrap(), Some((true, Some(65536))));
    assert_eq!(instance.typed_func::<(), i32>(&store, "run").unwrap().call(&mut store, ()).unwrap(), 42);
    let alone = Func::wrap(&mut store, "alone", |caller: &mut Caller<'_>| {
        i32::from(caller.instance().is_none() && caller.data(0).is_none() && caller.export("x").is_none())
    });
    assert_eq!(alone.unwrap().call(&mut store, &[]).unwrap()[0].i32(), Some(1));
}

#[test]
fn traps_say_why_and_where() {
    let mut store = store();
    let mut linker = Linker::new();
    linker.func(&mut store, "h", "refuse", || -> Result<(), Trap> { Err(Trap::new("no ü")) }).unwrap();
    let instance = instance(
        &mut store,
        &linker,
        r#"(module
          (import "h" "refuse" (func $refuse))
          (memory 1) (table 1 funcref) (type $t (func))
          (func (export "unreachable") unreachable)
          (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
          (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
          (func (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))
          (func (export "memory") (drop (i32.load (i32.const 65536))))
          (func (export "null") (call_indirect (type $t) (i32.const 0)))
          (func (export "undefined") (call_indirect (type $t) (i32.const 9)))
          (func $deep (export "deep") (call $deep))
          (func (export "refuse") (call $refuse)))"#,
    );
    for (name, kind, kind_name) in [
        ("unreachable", TrapKind::Unreachable, "unreachable"),
        ("divide", TrapKind::IntegerDivideByZero, "integer-divide-by-zero"),
        ("overflow", TrapKind::IntegerOverflow, "integer-overflow"),
        ("convert", TrapKind::InvalidConversionToInteger, "invalid-conversion-to-integer"),
        ("memory", TrapKind::OutOfBoundsMemoryAccess, "out-of-bounds-memory-access"),
        ("null", TrapKind::UninitializedElement, "uninitialized-element"),
        ("undefined", TrapKind::UndefinedElement, "undefined-element"),
        ("deep", TrapKind::CallStackExhausted, "call-stack-exhausted"),
        ("refuse", TrapKind::Host, ""),
    ] {
        let trap = instance.typed_func::<(), ()>(&store, name).unwrap().call(&mut store, ()).unwrap_err();
        assert_eq!(trap.kind(), kind, "{name}");
        if !kind_name.is_empty() {
            assert_eq!(trap.kind().name(), kind_name);
        }
        assert!(!trap.frames().is_empty(), "{name}");
        let index = trap.frames()[0].func_index;
        assert!(index >= 1 && trap.frames()[0].module_offset > trap.frames()[0].func_offset, "{name}: {trap:?}");
        if name == "refuse" {
            assert_eq!(trap.message(), "no ü");
        }
    }
    let module = Module::new(store.engine(), "(module (func $f unreachable) (start $f))").unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!((error.kind(), error.trap().unwrap().kind()), (ErrorKind::Trap, TrapKind::Unreachable));
}

#[test]
fn panics_go_through_wasm_code() {
    let mut store = store();
    let mut linker = Linker::new();
    linker.func(&mut store, "h", "panic", |n: i32| -> i32 { std::panic::panic_any(n) }).unwrap();
    let text = r#"(module
      (import "h" "panic" (func $panic (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (call $panic (local.get 0))))"#;
    let inner = instance(&mut store, &linker, text);
    let run = inner.typed_func::<i32, i32>(&store, "run").unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 5))).unwrap_err();
    assert_eq!(payload.downcast_ref::<i32>(), Some(&5));

    // Through two layers, and caught on the way in one case.
    let nested = run.clone();
    linker
        .func(&mut store, "h", "panic", move |caller: &mut Caller<'_>, n: i32| -> Result<i32, Trap> {
            if n < 10 {
                return nested.call(caller, n);
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| nested.call(caller, n)));
            Ok(*outcome.unwrap_err().downcast_ref::<i32>().unwrap() + 100)
        })
        .unwrap();
    let outer = instance(&mut store, &linker, text);
    let run = outer.typed_func::<i32, i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, 10).unwrap(), 110);
    let payload = catch_unwind(AssertUnwindSafe(|| run.call(&mut store, 6))).unwrap_err();
    assert_eq!(payload.downcast_ref::<i32>(), Some(&6));
    // The store goes on working.
    assert_eq!(run.call(&mut store, 11).unwrap(), 111);

    let ty = FuncType::new([ValType::ExternRef], []);
    let function = Func::new(&mut store, "values", ty, |_, _| panic!("in values")).unwrap();
    let payload =
        catch_unwind(AssertUnwindSafe(|| function.call(&mut store, &[Val::ExternRef(None)]).is_ok())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"in values"));

    let module = Module::new(store.engine(), r#"(module (import "h" "p" (func $p)) (start $p))"#).unwrap();
    linker.func(&mut store, "h", "p", || -> () { panic!("at the start") }).unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| linker.instantiate(&mut store, &module).is_ok())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"at the start"));
}

#[test]
fn host_functions_are_reentrant() {
    let mut store = store();
    let mut linker = Linker::new();
    let depth = Arc::new(AtomicUsize::new(0));
    let counter = depth.clone();
    linker
        .func(&mut store, "h", "down", move |caller: &mut Caller<'_>, n: i32| -> Result<i32, Trap> {
            counter.fetch_add(1, Ordering::Relaxed);
            let run = caller.instance().unwrap().typed_func::<i32, i32>(caller, "run")?;
            Ok(run.call(caller, n - 1)? + 1)
        })
        .unwrap();
    let instance = instance(
        &mut store,
        &linker,
        r#"(module
          (import "h" "down" (func $down (param i32) (result i32)))
          (func (export "run") (param i32) (result i32)
            (if (result i32) (local.get 0) (then (call $down (local.get 0))) (else (i32.const 0)))))"#,
    );
    let run = instance.typed_func::<i32, i32>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, 20).unwrap(), 20);
    assert_eq!(depth.load(Ordering::Relaxed), 20);
    // What is too deep traps, and all comes back.
    let trap = run.call(&mut store, 1_000_000).unwrap_err();
    assert!(!trap.message().is_empty());
    assert_eq!(run.call(&mut store, 3).unwrap(), 3);
}

#[test]
fn references() {
    let mut store = store();
    let mut linker = Linker::new();
    let ty = FuncType::new([ValType::ExternRef, ValType::I32], [ValType::ExternRef, ValType::FuncRef]);
    let twice = Func::wrap(&mut store, "twice", |n: i32| n * 2).unwrap();
    let given = twice.clone();
    let host = Func::new(&mut store, "host", ty, move |caller, args| {
        let Val::ExternRef(Some(external)) = &args[0] else { return Ok(vec![args[0].clone(), Val::FuncRef(None)]) };
        assert_eq!(external.downcast_ref::<String>(caller).unwrap(), "a value");
        Ok(vec![args[0].clone(), Val::from(given.clone())])
    });
    linker.define("h", "host", host.unwrap());
    let instance = instance(
        &mut store,
        &linker,
        r#"(module
          (import "h" "host" (func $host (param externref i32) (result externref funcref)))
          (table (export "table") 2 4 funcref)
          (global (export "global") (mut externref) (ref.null extern))
          (func (export "run") (param externref) (result externref funcref)
            (call $host (local.get 0) (i32.const 1))))"#,
    );
    let dropped = Arc::new(());
    let value = ExternRef::new(&mut store, "a value".to_string());
    let other = ExternRef::new(&mut store, dropped.clone());
    let run = instance.func(&store, "run").unwrap();
    let results = run.call(&mut store, &[Val::from(value.clone())]).unwrap();
    let [Val::ExternRef(Some(back)), Val::FuncRef(Some(function))] = &results[..] else { panic!("{results:?}") };
    assert!(back.is_same(&value, &store) && !back.is_same(&other, &store));
    assert_eq!(back.downcast_ref::<String>(&store).unwrap(), "a value");
    assert_eq!(back.downcast_ref::<i32>(&store), None);
    assert_eq!(function.call(&mut store, &[Val::I32(21)]).unwrap()[0].i32(), Some(42));
    let nulls = run.call(&mut store, &[Val::ExternRef(None)]).unwrap();
    assert!(matches!(nulls[..], [Val::ExternRef(None), Val::FuncRef(None)]));

    let global = instance.global(&store, "global").unwrap();
    assert!(matches!(global.get(&store), Val::ExternRef(None)));
    global.set(&mut store, &Val::from(other.clone())).unwrap();
    let Val::ExternRef(Some(kept)) = global.get(&store) else { panic!() };
    assert!(kept.is_same(&other, &store));
    assert_eq!(global.set(&mut store, &Val::I32(1)).unwrap_err().kind(), ErrorKind::Argument);

    let table = instance.table(&store, "table").unwrap();
    assert!(matches!(table.get(&store, 0), Some(Val::FuncRef(None))));
    table.set(&mut store, 1, &Val::from(twice.clone())).unwrap();
    let Some(Val::FuncRef(Some(function))) = table.get(&store, 1) else { panic!() };
    assert_eq!(function.typed::<i32, i32>(&store).unwrap().call(&mut store, 4).unwrap(), 8);
    assert!(table.get(&store, 2).is_none());
    assert_eq!(table.set(&mut store, 2, &Val::FuncRef(None)).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(table.set(&mut store, 0, &Val::from(value.clone())).unwrap_err().kind(), ErrorKind::Argument);
    assert_eq!(table.grow(&mut store, 2, &Val::from(twice)).unwrap(), 2);
    assert_eq!(table.size(&store), 4);
    assert_eq!(table.grow(&mut store, 1, &Val::FuncRef(None)).unwrap_err().kind(), ErrorKind::Resource);

    let mut elsewhere = self::store();
    let error = ExternRef::new(&mut elsewhere, ());
    assert_eq!(global.set(&mut store, &Val::from(error)).unwrap_err().kind(), ErrorKind::Argument);

    // Values live as long as the store and its handles.
    assert_eq!(Arc::strong_count(&dropped), 2);
    drop(store);
    assert_eq!(Arc::strong_count(&dropped), 2);
    drop((global, table, run, instance, linker, results, nulls, kept, function, value, other));
    drop(elsewhere);
    // The host function keeps one of its own store's: this store is kept for ever, as the documentation says.
    assert_eq!(Arc::strong_count(&dropped), 2);
}

#[test]
fn memories() {
    let mut store = store();
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
    let mut linker = Linker::new();
    linker.define("h", "memory", memory.clone());
    let instance = instance(
        &mut store,
        &linker,
        r#"(module (import "h" "memory" (memory 1))
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#,
    );
    memory.write(&mut store, 65533, b"abc").unwrap();
    memory.data_mut(&mut store).unwrap()[0] = 9;
    let load = instance.typed_func::<u32, u32>(&store, "load").unwrap();
    assert_eq!(load.call(&mut store, 65535).unwrap(), u32::from(b'c'));
    assert_eq!(load.call(&mut store, 0).unwrap(), 9);
    let mut bytes = [0; 3];
    memory.read(&store, 65533, &mut bytes).unwrap();
    assert_eq!(&bytes, b"abc");
    for offset in [65534, 65536, u64::MAX] {
        assert_eq!(memory.write(&mut store, offset, b"abc").unwrap_err().kind(), ErrorKind::Argument);
        assert_eq!(memory.read(&store, offset, &mut bytes).unwrap_err().kind(), ErrorKind::Argument);
    }
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert_eq!((memory.size(&store), memory.data_size(&store)), (2, 131072));
    assert_eq!(memory.data(&store).unwrap().len(), 131072);
    assert_eq!(memory.grow(&mut store, 1).unwrap_err().kind(), ErrorKind::Resource);
    assert_eq!(memory.ty(&store).maximum, Some(2));
    let empty = Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    assert_eq!(empty.data(&store).unwrap(), b"");
    assert!(Memory::new(&mut store, MemoryType::new(2, Some(1))).is_err());

    let mut config = StoreConfig::default();
    config.tracks_writes = true;
    let mut tracked = Store::with_config(store.engine(), &config).unwrap();
    let memory = Memory::new(&mut tracked, MemoryType::new(1, None)).unwrap();
    tracked.commit();
    memory.write(&mut tracked, 5000, b"x").unwrap();
    assert!(memory.data(&tracked).is_none());
}

#[test]
fn globals_and_tables_of_the_host() {
    let mut store = store();
    for (value, other) in [
        (Val::I32(1), Val::I32(-1)),
        (Val::I64(i64::MIN), Val::I64(2)),
        (Val::F32(0.5), Val::F32(-0.0)),
        (Val::F64(1e300), Val::F64(0.0)),
    ] {
        let global = Global::new(&mut store, GlobalType::new(value.ty(), true), &value).unwrap();
        assert_eq!(format!("{:?}", global.get(&store)), format!("{value:?}"));
        global.set(&mut store, &other).unwrap();
        assert_eq!(format!("{:?}", global.get(&store)), format!("{other:?}"));
        let fixed = Global::new(&mut store, GlobalType::new(value.ty(), false), &value).unwrap();
        assert_eq!(fixed.set(&mut store, &other).unwrap_err().kind(), ErrorKind::Argument);
        assert!(!fixed.ty(&store).is_mutable);
    }
    assert!(Global::new(&mut store, GlobalType::new(ValType::I32, true), &Val::I64(1)).is_err());
    let ty = TableType::new(ValType::ExternRef, 2, None);
    let value = ExternRef::new(&mut store, 7_u8);
    let table = Table::new(&mut store, ty, &Val::from(value)).unwrap();
    let Some(Val::ExternRef(Some(element))) = table.get(&store, 1) else { panic!() };
    assert_eq!(element.downcast_ref::<u8>(&store), Some(&7));
    assert!(Table::new(&mut store, TableType::new(ValType::I32, 1, None), &Val::I32(1)).is_err());
    assert!(Table::new(&mut store, ty, &Val::FuncRef(None)).is_err());
    assert!(Extern::from(table).table().is_some());
}

#[test]
fn vectors_in_globals() {
    let mut store = store();
    let text = r#"(module (global (export "v") (mut v128) (v128.const i64x2 1 2)))"#;
    let instance = instance(&mut store, &Linker::new(), text);
    let global = instance.global(&store, "v").unwrap();
    assert_eq!(global.get(&store).v128(), Some(1 | 2 << 64));
    global.set(&mut store, &Val::V128(5 << 64)).unwrap();
    assert_eq!(global.get(&store).v128(), Some(5 << 64));
}

#[test]
fn handles_are_of_their_store() {
    let (mut store, mut other) = (store(), store());
    let function = Func::wrap(&mut store, "f", || 1_i32).unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| function.call(&mut other, &[]).is_ok())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| memory.data(&other).is_some())).is_err());
    assert_eq!(function.call(&mut store, &[]).unwrap()[0].i32(), Some(1));
}
