(module
  (func (export "factorial") (param $n i64) (result i64)
    (local $product i64)
    (local.set $product (i64.const 1))
    (loop $next
      (local.set $product (i64.mul (local.get $product) (local.get $n)))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.gt_u (local.get $n) (i64.const 1))))
    (local.get $product)))
