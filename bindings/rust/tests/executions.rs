//! Executions, interrupts, threads, C functions, and the end of things in any order.

use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use cannery::{
    Caller, Closure, Config, Engine, ErrorKind, Execution, ExternRef, Func, FuncType, Instance, Linker, Memory,
    Metering, Module, State, Store, StoreConfig, Trap, TrapKind, Val, ValType,
};

const CODE: &str = r#"(module
  (import "host" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "count") (param $n i32) (result i32)
    (local $turns i32)
    (loop $next
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $turns) (local.get $n))))
    (local.get $turns))
  (func (export "forever") (loop $next (br $next)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "store-and-ask") (param i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (call $ask (local.get 0)))
  (func (export "product") (result i32) (i32.mul (i32.const 6) (call $ask (i32.const 6)))))"#;

fn metered() -> Engine {
    Engine::new(&Config::new().metering(Metering::Icp)).unwrap()
}

fn instance_with<M, F: cannery::IntoHostFunc<M>>(store: &mut Store, ask: F) -> Instance {
    let module = Module::new(store.engine(), CODE).unwrap();
    let mut linker = Linker::new();
    linker.func(store, "host", "ask", ask).unwrap();
    linker.instantiate(store, &module).unwrap()
}

fn suspending(store: &mut Store) -> Instance {
    instance_with(store, |caller: &mut Caller<'_>, _: i32| -> Result<i32, Trap> { Err(caller.suspend()) })
}

#[test]
fn instructions_are_counted_and_limited() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = suspending(&mut store);
    let count = instance.func(&store, "count").unwrap();
    let mut whole = Execution::new(&mut store, &count, &[Val::I32(1000)], None).unwrap();
    let results = whole.run(&mut store).unwrap().finished().unwrap();
    assert_eq!(results[0].i32(), Some(1000));
    let instructions = whole.instructions(&store);
    assert!(instructions > 1000);

    let mut sliced = Execution::new(&mut store, &count, &[Val::I32(1000)], Some(1000)).unwrap();
    let mut state = sliced.run(&mut store).unwrap();
    let mut slices = 1;
    while let State::OutOfInstructions = state {
        state = sliced.resume(&mut store, 1000).unwrap();
        slices += 1;
    }
    assert_eq!(state.finished().unwrap()[0].i32(), Some(1000));
    assert!(slices > 2);
    assert_eq!(sliced.instructions(&store), instructions);
    assert_eq!(sliced.run(&mut store).unwrap_err().kind(), ErrorKind::Argument);

    let error = Execution::new(&mut store, &count, &[Val::I64(1)], None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
}

#[test]
fn a_store_belongs_to_its_execution() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = suspending(&mut store);
    let (count, product) = (instance.func(&store, "count").unwrap(), instance.func(&store, "product").unwrap());
    let mut waiting = Execution::new(&mut store, &product, &[], None).unwrap();
    assert!(matches!(waiting.run(&mut store).unwrap(), State::Waiting));
    assert_eq!(count.call(&mut store, &[Val::I32(1)]).unwrap_err().kind(), TrapKind::Host);
    let mut other = match Execution::new(&mut store, &count, &[Val::I32(1)], None) {
        Ok(other) => Some(other),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Busy);
            None
        }
    };
    if let Some(other) = &mut other {
        assert_eq!(other.run(&mut store).unwrap_err().kind(), ErrorKind::Busy);
    }
    // Dropping the execution gives the store back.
    drop((waiting, other));
    assert_eq!(count.call(&mut store, &[Val::I32(1)]).unwrap()[0].i32(), Some(1));
}

#[test]
fn host_functions_suspend() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = suspending(&mut store);
    let product = instance.func(&store, "product").unwrap();
    for (answer, expected) in [(7, 42), (-1, -6)] {
        let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
        assert!(matches!(execution.run(&mut store).unwrap(), State::Waiting));
        let error = execution.resume_host(&mut store, &[Val::I64(1)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        let state = execution.resume_host(&mut store, &[Val::I32(answer)]).unwrap();
        assert_eq!(state.finished().unwrap()[0].i32(), Some(expected));
    }
    let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
    execution.run(&mut store).unwrap();
    let state = execution.resume_host_with_trap(&mut store, &Trap::new("no answer")).unwrap();
    let State::Trapped(trap) = state else { panic!("{state:?}") };
    assert_eq!((trap.kind(), trap.message()), (TrapKind::Host, "no answer"));
    // Without an execution nothing can wait.
    assert!(product.call(&mut store, &[]).is_err());
    // A wish to wait is no trap elsewhere.
    assert_eq!(product.call(&mut store, &[Val::I32(1)]).unwrap_err().kind(), TrapKind::Host);
}

#[test]
fn executions_go_from_thread_to_thread() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = suspending(&mut store);
    let product = instance.func(&store, "product").unwrap();
    let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
    let (mut store, mut execution) = std::thread::spawn(move || {
        assert!(matches!(execution.run(&mut store).unwrap(), State::Waiting));
        (store, execution)
    })
    .join()
    .unwrap();
    let state = std::thread::spawn(move || {
        let state = execution.resume_host(&mut store, &[Val::I32(2)]).unwrap();
        drop(store);
        state
    });
    assert_eq!(state.join().unwrap().finished().unwrap()[0].i32(), Some(12));
}

#[test]
fn charges_are_taken_off() {
    let mut store = Store::new(&metered()).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let instance = instance_with(&mut store, move |caller: &mut Caller<'_>, n: i32| -> Result<i32, Trap> {
        counter.fetch_add(1, Ordering::Relaxed);
        let before = caller.instructions_left();
        caller.charge(5000)?;
        // The first attempt has paid.
        assert_eq!(caller.instructions_left(), before);
        Ok(n)
    });
    let product = instance.func(&store, "product").unwrap();
    let mut execution = Execution::new(&mut store, &product, &[], Some(1000)).unwrap();
    assert!(matches!(execution.run(&mut store).unwrap(), State::OutOfInstructions));
    let state = execution.resume(&mut store, 100_000).unwrap();
    assert_eq!(state.finished().unwrap()[0].i32(), Some(36));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    assert!(execution.instructions(&store) > 5000);
}

#[test]
fn limits_pass_through_nested_calls() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = instance_with(&mut store, |caller: &mut Caller<'_>, _: i32| -> Result<i32, Trap> {
        let count = caller.instance().unwrap().typed_func::<i32, i32>(caller, "count")?;
        count.call(caller, 100)
    });
    let product = instance.func(&store, "product").unwrap();
    let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
    assert_eq!(execution.run(&mut store).unwrap().finished().unwrap()[0].i32(), Some(600));
}

#[test]
fn interrupts_stop_executions() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = suspending(&mut store);
    let forever = instance.func(&store, "forever").unwrap();
    let interrupt = store.interrupt_handle();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        interrupt.interrupt();
        interrupt
    });
    let mut execution = Execution::new(&mut store, &forever, &[], None).unwrap();
    assert!(matches!(execution.run(&mut store).unwrap(), State::Interrupted));
    let interrupt = thread.join().unwrap();
    let copy = interrupt.clone();
    copy.interrupt();
    assert!(matches!(execution.run(&mut store).unwrap(), State::Interrupted));
    drop((execution, store, instance, forever));
    interrupt.interrupt();
}

#[test]
fn panics_end_executions() {
    let mut store = Store::new(&metered()).unwrap();
    let instance = instance_with(&mut store, |_: i32| -> i32 { panic!("in ask") });
    let product = instance.func(&store, "product").unwrap();
    let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| execution.run(&mut store).is_ok())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"in ask"));
    assert!(execution.run(&mut store).is_err());
}

#[test]
fn executions_take_and_give_references() {
    let mut store = Store::new(&metered()).unwrap();
    let text = r#"(module (func (export "same") (param externref i32) (result externref) (local.get 0)))"#;
    let module = Module::new(store.engine(), text).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let same = instance.func(&store, "same").unwrap();
    let value = ExternRef::new(&mut store, 3_u64);
    let mut execution = Execution::new(&mut store, &same, &[Val::from(value), Val::I32(0)], Some(1000)).unwrap();
    let results = execution.run(&mut store).unwrap().finished().unwrap();
    let Val::ExternRef(Some(value)) = &results[0] else { panic!("{results:?}") };
    assert_eq!(value.downcast_ref::<u64>(&store), Some(&3));
}

#[test]
fn writes_are_undone() {
    let mut config = StoreConfig::default();
    config.tracks_writes = true;
    let mut store = Store::with_config(&metered(), &config).unwrap();
    let instance = suspending(&mut store);
    let memory = instance.memory(&store, "memory").unwrap();
    let write = instance.typed_func::<(i32, i32), ()>(&store, "store").unwrap();
    let word = |store: &Store, memory: &Memory| {
        let mut bytes = [0; 4];
        memory.read(store, 0, &mut bytes).unwrap();
        i32::from_le_bytes(bytes)
    };
    store.commit();
    write.call(&mut store, (0, 5)).unwrap();
    assert_eq!((word(&store, &memory), memory.dirty_pages(&store)), (5, 1));
    store.roll_back();
    assert_eq!((word(&store, &memory), memory.dirty_pages(&store)), (0, 0));
    write.call(&mut store, (0, 7)).unwrap();
    store.commit();
    store.roll_back();
    assert_eq!(word(&store, &memory), 7);
    // An execution that is dropped before its end leaves nothing.
    let ask = instance.func(&store, "store-and-ask").unwrap();
    let mut execution = Execution::new(&mut store, &ask, &[Val::I32(9)], None).unwrap();
    assert!(matches!(execution.run(&mut store).unwrap(), State::Waiting));
    drop(execution);
    assert_eq!(word(&store, &memory), 7);
    assert!(memory.data(&store).is_none());
}

#[test]
fn exports_are_c_functions() {
    let mut store = Store::new(&metered()).unwrap();
    let text = r#"(module
      (import "h" "panic" (func $panic))
      (func (export "square") (param f64) (result f64) (f64.mul (local.get 0) (local.get 0)))
      (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func (export "panic") (call $panic)))"#;
    let module = Module::new(store.engine(), text).unwrap();
    let mut linker = Linker::new();
    linker.func(&mut store, "h", "panic", || -> () { panic!("inside C") }).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let (square, divide) = (instance.func(&store, "square").unwrap(), instance.func(&store, "divide").unwrap());

    let closure = Closure::new(&mut store, &square, "(F)F").unwrap();
    // SAFETY: the signature says so.
    let function: extern "C" fn(f64) -> f64 = unsafe { std::mem::transmute(closure.as_ptr()) };
    assert_eq!(function(1.5), 2.25);
    assert!(closure.take_trap(&mut store).is_none());

    let closure = Closure::new(&mut store, &divide, "(ii)i").unwrap();
    let call = |store: &mut Store, a: i32, b: i32| {
        closure.with(store, |function| {
            // SAFETY: the signature says so.
            let function: extern "C" fn(i32, i32) -> i32 = unsafe { std::mem::transmute(function) };
            function(a, b)
        })
    };
    assert_eq!(call(&mut store, 7, -2).unwrap(), -3);
    assert_eq!(call(&mut store, 1, 0).unwrap_err().kind(), TrapKind::IntegerDivideByZero);
    assert_eq!(call(&mut store, 9, 3).unwrap(), 3);

    for signature in ["(ii)F", "(i)i", "ii", "(ii", "(i*)i", "(rr)i", "(ii)i\0"] {
        let error = Closure::new(&mut store, &divide, signature).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument, "{signature}");
    }

    let panics = instance.func(&store, "panic").unwrap();
    let closure = Closure::new(&mut store, &panics, "()").unwrap();
    // SAFETY: the signature says so.
    let function: extern "C" fn() = unsafe { std::mem::transmute(closure.as_ptr()) };
    // C gets nothing of the panic …
    function();
    // … which waits here.
    let payload = catch_unwind(AssertUnwindSafe(|| closure.take_trap(&mut store).is_some())).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"inside C"));
}

unsafe extern "C" fn weigh(bytes: *const u8, size: usize, factor: i64, env: *mut c_void) -> i64 {
    // SAFETY: the engine has checked the buffer; `env` is what the test gives.
    unsafe {
        let bytes = std::slice::from_raw_parts(bytes, size);
        *(env as *const i64) + factor * bytes.iter().map(|byte| i64::from(*byte)).sum::<i64>()
    }
}

#[test]
fn c_functions_are_host_functions() {
    static BASE: i64 = 1000;
    let mut store = Store::new(&metered()).unwrap();
    // SAFETY: a C function is called by the type that the signature tells.
    let function: cannery::ffi::cannery_c_function_t = unsafe { std::mem::transmute(weigh as *const ()) };
    let env = &BASE as *const i64 as *mut c_void;
    // SAFETY: the signature is that of `weigh`.
    let weigh = unsafe { Func::from_c(&mut store, "weigh", "(*~Ie)I", function, env) }.unwrap();
    assert_eq!(*weigh.ty(&store), FuncType::new([ValType::I32, ValType::I32, ValType::I64], [ValType::I64]));
    let text = r#"(module
      (import "h" "weigh" (func $weigh (param i32 i32 i64) (result i64)))
      (memory 1) (data (i32.const 8) "\01\02\03")
      (func (export "run") (param i32 i32) (result i64) (call $weigh (local.get 0) (local.get 1) (i64.const 2))))"#;
    let module = Module::new(store.engine(), text).unwrap();
    let mut linker = Linker::new();
    linker.define("h", "weigh", weigh);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.typed_func::<(i32, i32), i64>(&store, "run").unwrap();
    assert_eq!(run.call(&mut store, (8, 3)).unwrap(), 1012);
    assert_eq!(run.call(&mut store, (65535, 3)).unwrap_err().kind(), TrapKind::OutOfBoundsMemoryAccess);
    // SAFETY: it fails.
    let error = unsafe { Func::from_c(&mut store, "bad", "(?)", function, env) }.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
}

/// Counts how many of it there are.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Counted {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All orders of dropping the six kinds of things that keep a store, some of them on another thread.
#[test]
fn things_end_in_any_order() {
    type Thing = Box<dyn std::any::Any + Send>;
    let engine = metered();
    let module = Module::new(&engine, CODE).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let make = || -> Vec<Thing> {
        let mut store = Store::new(&engine).unwrap();
        let mut linker = Linker::new();
        let counted = Counted::new(&count);
        linker
            .func(&mut store, "host", "ask", move |caller: &mut Caller<'_>, n: i32| -> Result<i32, Trap> {
                let _ = &counted;
                if n < 0 {
                    return Ok(n);
                }
                Err(caller.suspend())
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let value = ExternRef::new(&mut store, Counted::new(&count));
        let product = instance.func(&store, "product").unwrap();
        let mut execution = Execution::new(&mut store, &product, &[], None).unwrap();
        execution.run(&mut store).unwrap();
        let closure = Closure::new(&mut store, &product, "()i").unwrap();
        drop((linker, product));
        vec![Box::new(store), Box::new(instance), Box::new(value), Box::new(execution), Box::new(closure)]
    };
    let mut orders = vec![vec![]];
    for length in 0..5 {
        let longer = |order: &Vec<usize>| {
            (0..=length)
                .map(|at| {
                    let mut order = order.clone();
                    order.insert(at, length);
                    order
                })
                .collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    assert_eq!(orders.len(), 120);
    for (index, order) in orders.iter().enumerate() {
        let mut things: Vec<_> = make().into_iter().map(Some).collect();
        assert_eq!(count.load(Ordering::Relaxed), 2);
        for thing in order {
            let thing = things[*thing].take();
            if (index + order.len()) % 3 == 0 {
                std::thread::spawn(move || drop(thing)).join().unwrap();
            } else {
                drop(thing);
            }
        }
        assert_eq!(count.load(Ordering::Relaxed), 0, "{order:?}");
    }
}

#[test]
fn handles_are_dropped_while_another_thread_calls() {
    let engine = metered();
    let module = Module::new(&engine, CODE).unwrap();
    let mut store = Store::new(&engine).unwrap();
    let mut linker = Linker::new();
    linker.func(&mut store, "host", "ask", |n: i32| n).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let count = instance.typed_func::<i32, i32>(&store, "count").unwrap();
    let (send, receive) = std::sync::mpsc::channel::<Vec<Func>>();
    let thread = std::thread::spawn(move || receive.into_iter().map(|handles| handles.len()).sum::<usize>());
    for _ in 0..200 {
        let handles = (0..5).map(|_| Func::wrap(&mut store, "f", || {}).unwrap()).collect();
        send.send(handles).unwrap();
        assert_eq!(count.call(&mut store, 50).unwrap(), 50);
    }
    drop(send);
    assert_eq!(thread.join().unwrap(), 1000);
}

#[test]
fn drops_may_panic() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("in drop");
            }
        }
    }
    let mut store = Store::new(&metered()).unwrap();
    let bad = Bad;
    Func::wrap(&mut store, "bad", move || {
        let _ = &bad;
    })
    .unwrap();
    ExternRef::new(&mut store, Bad);
    // Where no Rust code is to go on with it, a panic of a drop ends there.
    drop(store);
}
