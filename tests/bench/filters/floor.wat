;; A filter that POSTs a constant for each stream and captures nothing: the floor for any filter that sends one POST a
;; record. The constant is as long as the record of a 2 KiB exchange. The callbacks are those of http-trace-filter.
(module
  (import "env" "proxy_set_effective_context" (func $set_effective_context (param i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  ;; The root context, from which calls go: those of a stream are cancelled when it ends.
  (global $root (mut i32) (i32.const 0))

  ;; The cluster's name, 14 bytes.
  (data (i32.const 16) "trace_analyzer")
  ;; The headers, 120 bytes, in the ABI's form: their number, the lengths of each name and value, then each with a zero
  ;; at its end; all numbers little endian.
  (data (i32.const 64)
    "\04\00\00\00"
    "\07\00\00\00" "\04\00\00\00"
    "\05\00\00\00" "\08\00\00\00"
    "\0a\00\00\00" "\0e\00\00\00"
    "\0c\00\00\00" "\10\00\00\00"
    ":method\00" "POST\00"
    ":path\00" "/publish\00"
    ":authority\00" "trace_analyzer\00"
    "content-type\00" "application/json\00")
  ;; 256: where the host writes the call's token. 1024: the body, a JSON string of 3,584 bytes.

  (func (export "proxy_abi_version_0_2_1"))
  ;; The host allocates here what a filter asks for. This one never asks.
  (func (export "malloc") (param $size i32) (result i32) unreachable)

  (func (export "proxy_on_context_create") (param $context i32) (param $parent i32)
    (if (i32.eqz (local.get $parent)) (then (global.set $root (local.get $context)))))
  (func (export "proxy_on_vm_start") (param $context i32) (param $size i32) (result i32)
    (memory.fill (i32.const 1024) (i32.const 0x78) (i32.const 3584))
    (i32.store8 (i32.const 1024) (i32.const 0x22))
    (i32.store8 (i32.const 4607) (i32.const 0x22))
    (i32.const 1))
  (func (export "proxy_on_configure") (param $context i32) (param $size i32) (result i32) (i32.const 1))

  ;; 0: Continue
  (func (export "proxy_on_request_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param $context i32) (param $count i32) (param $end i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (i32.const 0))
  (func (export "proxy_on_log") (param $context i32)
    (drop (call $set_effective_context (global.get $root)))
    (drop (call $http_call
      (i32.const 16) (i32.const 14)
      (i32.const 64) (i32.const 120)
      (i32.const 1024) (i32.const 3584)
      (i32.const 0) (i32.const 0)
      (i32.const 5000)
      (i32.const 256))))
  (func (export "proxy_on_done") (param $context i32) (result i32) (i32.const 1))
  (func (export "proxy_on_delete") (param $context i32)))
