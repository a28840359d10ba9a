(module
  (func (export "square") (param f64) (result f64) (f64.mul (local.get 0) (local.get 0)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1))))
