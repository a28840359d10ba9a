//! Engines and modules: what is accepted, what is refused and why, and what can be seen of a module.

use std::sync::{Arc, Mutex};

use cannery::{
    wat2wasm, Config, Engine, ErrorKind, ExternType, Features, FuncType, GlobalType, Instance, Linker, LogLevel,
    MemoryType, Metering, Module, Store, StoreConfig, TableType, ValType,
};

fn engine() -> Engine {
    Engine::new(&Config::new()).unwrap()
}

#[test]
fn refused_modules_say_why() {
    let engine = engine();
    let cases: &[(&str, &[u8], ErrorKind)] = &[
        ("no input", b"", ErrorKind::Malformed),
        ("a wrong version", b"\0asm\x02\0\0\0", ErrorKind::Malformed),
        ("a cut section", b"\0asm\x01\0\0\0\x01\x05", ErrorKind::Malformed),
        ("text with a mistake", b"(module (func (i32.foo)))", ErrorKind::Malformed),
        ("a missing operand", b"(module (func (result i32)))", ErrorKind::Invalid),
    ];
    for (name, bytes, kind) in cases {
        let error = Module::new(&engine, bytes).expect_err(name);
        assert_eq!(error.kind(), *kind, "{name}: {error}");
        assert!(!error.message().is_empty(), "{name}");
        assert_eq!(engine.validate(bytes).expect_err(name).kind(), *kind, "{name}");
        assert_eq!(engine.precompile(bytes).expect_err(name).kind(), *kind, "{name}");
    }
    let error = wat2wasm("(module\n  (func (i32.foo)))").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.offset().unwrap() > 8, "{error:?}");
    assert!(wat2wasm("(module)").unwrap().starts_with(b"\0asm"));
    assert!(engine.validate("(module)").is_ok());
}

#[test]
fn features_are_those_that_were_asked_for() {
    let tail_call = "(module (func $f (return_call $f)))";
    let multi_value = "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))";
    let cases = [
        (Features::Wasm1, tail_call, false),
        (Features::Wasm1, multi_value, false),
        (Features::Wasm2, tail_call, false),
        (Features::Wasm2, multi_value, true),
        (Features::Wasm3, tail_call, true),
        (Features::Icp, multi_value, true),
    ];
    for (features, module, is_valid) in cases {
        let engine = Engine::new(&Config::new().features(features)).unwrap();
        assert_eq!(engine.validate(module).is_ok(), is_valid, "{features:?} {module}");
    }
}

const INSPECTED: &str = r#"(module
  (import "a" "f" (func (param i32 f64) (result i64)))
  (import "a" "g" (global (mut i64)))
  (import "b" "t" (table 1 5 funcref))
  (import "b" "m" (memory 1 2))
  (func (export "v") (param v128) (result externref) (ref.null extern))
  (global (export "c") f32 (f32.const 1))
  (table (export "e") 3 externref)
  (memory (export "n") i64 7)
  (@custom "note" "hello"))"#;

#[test]
fn modules_are_inspected() {
    let module = Module::new(&engine(), INSPECTED).unwrap();
    let imports: Vec<_> = module.imports().iter().map(|i| (&*i.module, &*i.name, i.ty.clone())).collect();
    let mut memory64 = MemoryType::new(7, None);
    memory64.is_64 = true;
    assert_eq!(
        imports,
        [
            ("a", "f", ExternType::Func(FuncType::new([ValType::I32, ValType::F64], [ValType::I64]))),
            ("a", "g", ExternType::Global(GlobalType::new(ValType::I64, true))),
            ("b", "t", ExternType::Table(TableType::new(ValType::FuncRef, 1, Some(5)))),
            ("b", "m", ExternType::Memory(MemoryType::new(1, Some(2)))),
        ]
    );
    let exports: Vec<_> = module.exports().iter().map(|e| (&*e.name, e.ty.clone())).collect();
    assert_eq!(
        exports,
        [
            ("v", ExternType::Func(FuncType::new([ValType::V128], [ValType::ExternRef]))),
            ("c", ExternType::Global(GlobalType::new(ValType::F32, false))),
            ("e", ExternType::Table(TableType::new(ValType::ExternRef, 3, None))),
            ("n", ExternType::Memory(memory64)),
        ]
    );
    assert_eq!(module.custom_sections(), [("note".to_string(), b"hello".to_vec())]);
    let other = Module::new(&engine(), "(module)").unwrap();
    assert_ne!(module.hash(), other.hash());
    assert!(other.imports().is_empty() && other.exports().is_empty() && other.custom_sections().is_empty());
}

const ANSWER: &str = r#"(module (func (export "answer") (result i32) (i32.const 42)))"#;

fn answer(module: &Module) -> i32 {
    let mut store = Store::new(module.engine()).unwrap();
    let instance = Instance::new(&mut store, module, &[]).unwrap();
    instance.typed_func::<(), i32>(&store, "answer").unwrap().call(&mut store, ()).unwrap()
}

#[test]
fn artifacts_come_back() {
    let first = engine();
    let module = Module::new(&first, ANSWER).unwrap();
    let artifact = module.serialize();
    assert_eq!(artifact, first.precompile(ANSWER).unwrap());
    let second = engine();
    let loaded = Module::deserialize(&second, &artifact).unwrap();
    loaded.verify().unwrap();
    assert_eq!(loaded.hash(), module.hash());
    assert_eq!(answer(&loaded), 42);

    let folder = std::env::temp_dir().join(format!("cannery-rust-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("answer.canned");
    module.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), artifact);
    // SAFETY: nobody changes the file.
    let opened = unsafe { Module::open(&second, &path) }.unwrap();
    opened.verify().unwrap();
    assert_eq!(answer(&opened), 42);
    drop(opened);
    // SAFETY: there is no file.
    let error = unsafe { Module::open(&second, folder.join("missing")) }.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert_eq!(module.save(folder.join("no/such/folder")).unwrap_err().kind(), ErrorKind::File);
    assert_eq!(Module::from_file(&second, folder.join("missing")).unwrap_err().kind(), ErrorKind::File);
    assert_eq!(Module::from_file(&second, "a\0b").unwrap_err().kind(), ErrorKind::File);
    assert_eq!(module.save("a\0b").unwrap_err().kind(), ErrorKind::Argument);
    std::fs::remove_dir_all(&folder).unwrap();

    for index in [0, artifact.len() / 2, artifact.len() - 1] {
        let mut damaged = artifact.clone();
        damaged[index] ^= 1;
        let error = Module::deserialize(&second, damaged).and_then(|module| module.verify()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Artifact, "byte {index}");
    }
    let metered = Engine::new(&Config::new().metering(Metering::Icp)).unwrap();
    assert_eq!(Module::deserialize(&metered, &artifact).unwrap_err().kind(), ErrorKind::Artifact);
}

#[test]
fn options_dont_change_results() {
    for config in [
        Config::new().optimization(false),
        Config::new().threads(1),
        Config::new().features(Features::Icp).metering(Metering::Icp),
        Config::new().metering(Metering::Operators).inflated_size_limit(1 << 20),
    ] {
        let engine = Engine::new(&config).unwrap();
        assert_eq!(answer(&Module::new(&engine, ANSWER).unwrap()), 42, "{config:?}");
    }
}

#[test]
fn modules_are_for_stores_of_their_engine() {
    let module = Module::new(&engine(), ANSWER).unwrap();
    let mut store = Store::new(&engine()).unwrap();
    assert_eq!(Instance::new(&mut store, &module, &[]).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn threads_share_modules() {
    let engine = engine();
    let module = Module::new(&engine, ANSWER).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(answer(&module), 42);
                    assert_eq!(module.exports()[0].name, "answer");
                    assert_eq!(answer(&Module::new(&engine, ANSWER).unwrap()), 42);
                    assert_eq!(module.hash(), Module::deserialize(&engine, module.serialize()).unwrap().hash());
                }
            });
        }
    });
}

#[test]
fn loggers_get_messages_up_to_their_level() {
    for (level, expected) in
        [(LogLevel::Warning, &[LogLevel::Warning][..]), (LogLevel::Info, &[LogLevel::Info, LogLevel::Warning][..])]
    {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let log = messages.clone();
        // The logger may use the library: it is called outside.
        let config = Config::new().logger(level, move |level, message| {
            assert!(wat2wasm("(module)").is_ok());
            log.lock().unwrap().push((level, message.to_string()));
        });
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, ANSWER).unwrap();
        answer(&module);
        Module::new(&engine, "(module (func (result i32)))").unwrap_err();
        drop((engine, config, module));
        let messages = Arc::try_unwrap(messages).unwrap().into_inner().unwrap();
        let levels: Vec<_> = messages.iter().map(|message| message.0).collect();
        assert_eq!(levels, expected, "{messages:?}");
    }
}

#[test]
fn imports_must_fit() {
    let engine = engine();
    let mut store = Store::new(&engine).unwrap();
    let module = Module::new(&engine, r#"(module (import "a" "f" (func (param i32))))"#).unwrap();
    let mut linker = Linker::new();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Link, "there is no import 'a' 'f'"));
    linker.func(&mut store, "a", "f", |_: i64| {}).unwrap();
    assert_eq!(linker.instantiate(&mut store, &module).unwrap_err().kind(), ErrorKind::Link);
    assert_eq!(Instance::new(&mut store, &module, &[]).unwrap_err().kind(), ErrorKind::Argument);
    linker.func(&mut store, "a", "f", |_: i32| {}).unwrap();
    assert!(linker.instantiate(&mut store, &module).is_ok());
    let mut other = Store::new(&engine).unwrap();
    assert_eq!(linker.instantiate(&mut other, &module).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn stores_keep_their_limits() {
    let engine = engine();
    let defaults = StoreConfig::default();
    assert!(defaults.memory_pages > 0 && defaults.stack_slots > 0 && !defaults.tracks_writes);
    let mut config = defaults;
    config.memory_pages = 2;
    config.table_elements = 3;
    let mut store = Store::with_config(&engine, &config).unwrap();
    for (text, fits) in [
        ("(module (memory 2))", true),
        ("(module (memory 3))", false),
        ("(module (table 3 funcref))", true),
        ("(module (table 4 funcref))", false),
    ] {
        let outcome = Instance::new(&mut store, &Module::new(&engine, text).unwrap(), &[]);
        match outcome {
            Ok(_) => assert!(fits, "{text}"),
            Err(error) => assert_eq!((error.kind(), fits), (ErrorKind::Resource, false), "{text}"),
        }
    }
    assert!(cannery::version().split('.').count() == 3);
}
