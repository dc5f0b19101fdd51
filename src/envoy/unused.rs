//! The SDK's traits carry a default method for every host function. The SDK calls contexts through trait objects, so
//! the linker keeps all of them, used or not: 10 kB of wasm, 24 imports, and getters that panic on what traffic may
//! carry. These macros override each one with nothing. What the filter does use is in `host`.

/// Overrides the host calls of `Context`.
macro_rules! no_context_host_calls {
    () => {
        fn get_current_time(&self) -> std::time::SystemTime {
            std::time::SystemTime::UNIX_EPOCH
        }
        crate::envoy::unused::nothing! {
            get_property(_: Vec<&str>) -> Option<Vec<u8>>;
            set_property(_: Vec<&str>, _: Option<&[u8]>) -> ();
            get_shared_data(_: &str) -> (Option<Vec<u8>>, Option<u32>);
            register_shared_queue(_: &str) -> u32;
            resolve_shared_queue(_: &str, _: &str) -> Option<u32>;
            get_http_call_response_headers() -> Vec<(String, String)>;
            get_http_call_response_headers_bytes() -> Vec<(String, Vec<u8>)>;
            get_http_call_response_header(_: &str) -> Option<String>;
            get_http_call_response_header_bytes(_: &str) -> Option<Vec<u8>>;
            get_http_call_response_body(_: usize, _: usize) -> Option<Vec<u8>>;
            get_http_call_response_trailers() -> Vec<(String, String)>;
            get_http_call_response_trailers_bytes() -> Vec<(String, Vec<u8>)>;
            get_http_call_response_trailer(_: &str) -> Option<String>;
            get_http_call_response_trailer_bytes(_: &str) -> Option<Vec<u8>>;
            get_grpc_call_response_body(_: usize, _: usize) -> Option<Vec<u8>>;
            cancel_grpc_call(_: u32) -> ();
            get_grpc_stream_initial_metadata() -> Vec<(String, Vec<u8>)>;
            get_grpc_stream_initial_metadata_value(_: &str) -> Option<Vec<u8>>;
            send_grpc_stream_message(_: u32, _: Option<&[u8]>, _: bool) -> ();
            get_grpc_stream_trailing_metadata() -> Vec<(String, Vec<u8>)>;
            get_grpc_stream_trailing_metadata_value(_: &str) -> Option<Vec<u8>>;
            cancel_grpc_stream(_: u32) -> ();
            close_grpc_stream(_: u32) -> ();
            get_grpc_status() -> (u32, Option<String>);
            done() -> ();
        }
        crate::envoy::unused::refused! {
            set_shared_data(_: &str, _: Option<&[u8]>, _: Option<u32>) -> ();
            remove_shared_data(_: &str, _: Option<u32>) -> ();
            dequeue_shared_queue(_: u32) -> Option<Vec<u8>>;
            enqueue_shared_queue(_: u32, _: Option<&[u8]>) -> ();
            dispatch_http_call(
                _: &str, _: Vec<(&str, &str)>, _: Option<&[u8]>, _: Vec<(&str, &str)>, _: std::time::Duration
            ) -> u32;
            dispatch_grpc_call(
                _: &str, _: &str, _: &str, _: Vec<(&str, &[u8])>, _: Option<&[u8]>, _: std::time::Duration
            ) -> u32;
            open_grpc_stream(_: &str, _: &str, _: &str, _: Vec<(&str, &[u8])>) -> u32;
            call_foreign_function(_: &str, _: Option<&[u8]>) -> Option<Vec<u8>>;
        }
        fn get_grpc_stream_message(&mut self, _: usize, _: usize) -> Option<Vec<u8>> {
            None
        }
    };
}

/// Overrides the host calls of `RootContext`.
macro_rules! no_root_host_calls {
    () => {
        crate::envoy::unused::nothing! {
            get_vm_configuration() -> Option<Vec<u8>>;
            get_plugin_configuration() -> Option<Vec<u8>>;
            set_tick_period(_: std::time::Duration) -> ();
        }
    };
}

/// Overrides the host calls of `HttpContext`.
macro_rules! no_http_host_calls {
    () => {
        crate::envoy::unused::nothing! {
            get_http_request_headers() -> Vec<(String, String)>;
            get_http_request_headers_bytes() -> Vec<(String, Vec<u8>)>;
            set_http_request_headers(_: Vec<(&str, &str)>) -> ();
            set_http_request_headers_bytes(_: Vec<(&str, &[u8])>) -> ();
            get_http_request_header(_: &str) -> Option<String>;
            get_http_request_header_bytes(_: &str) -> Option<Vec<u8>>;
            set_http_request_header(_: &str, _: Option<&str>) -> ();
            set_http_request_header_bytes(_: &str, _: Option<&[u8]>) -> ();
            add_http_request_header(_: &str, _: &str) -> ();
            add_http_request_header_bytes(_: &str, _: &[u8]) -> ();
            remove_http_request_header(_: &str) -> ();
            get_http_request_body(_: usize, _: usize) -> Option<Vec<u8>>;
            set_http_request_body(_: usize, _: usize, _: &[u8]) -> ();
            get_http_request_trailers() -> Vec<(String, String)>;
            get_http_request_trailers_bytes() -> Vec<(String, Vec<u8>)>;
            set_http_request_trailers(_: Vec<(&str, &str)>) -> ();
            set_http_request_trailers_bytes(_: Vec<(&str, &[u8])>) -> ();
            get_http_request_trailer(_: &str) -> Option<String>;
            get_http_request_trailer_bytes(_: &str) -> Option<Vec<u8>>;
            set_http_request_trailer(_: &str, _: Option<&str>) -> ();
            set_http_request_trailer_bytes(_: &str, _: Option<&[u8]>) -> ();
            add_http_request_trailer(_: &str, _: &str) -> ();
            add_http_request_trailer_bytes(_: &str, _: &[u8]) -> ();
            remove_http_request_trailer(_: &str) -> ();
            resume_http_request() -> ();
            reset_http_request() -> ();
            get_http_response_headers() -> Vec<(String, String)>;
            get_http_response_headers_bytes() -> Vec<(String, Vec<u8>)>;
            set_http_response_headers(_: Vec<(&str, &str)>) -> ();
            set_http_response_headers_bytes(_: Vec<(&str, &[u8])>) -> ();
            get_http_response_header(_: &str) -> Option<String>;
            get_http_response_header_bytes(_: &str) -> Option<Vec<u8>>;
            set_http_response_header(_: &str, _: Option<&str>) -> ();
            set_http_response_header_bytes(_: &str, _: Option<&[u8]>) -> ();
            add_http_response_header(_: &str, _: &str) -> ();
            add_http_response_header_bytes(_: &str, _: &[u8]) -> ();
            remove_http_response_header(_: &str) -> ();
            get_http_response_body(_: usize, _: usize) -> Option<Vec<u8>>;
            set_http_response_body(_: usize, _: usize, _: &[u8]) -> ();
            get_http_response_trailers() -> Vec<(String, String)>;
            get_http_response_trailers_bytes() -> Vec<(String, Vec<u8>)>;
            set_http_response_trailers(_: Vec<(&str, &str)>) -> ();
            set_http_response_trailers_bytes(_: Vec<(&str, &[u8])>) -> ();
            get_http_response_trailer(_: &str) -> Option<String>;
            get_http_response_trailer_bytes(_: &str) -> Option<Vec<u8>>;
            set_http_response_trailer(_: &str, _: Option<&str>) -> ();
            set_http_response_trailer_bytes(_: &str, _: Option<&[u8]>) -> ();
            add_http_response_trailer(_: &str, _: &str) -> ();
            add_http_response_trailer_bytes(_: &str, _: &[u8]) -> ();
            remove_http_response_trailer(_: &str) -> ();
            resume_http_response() -> ();
            reset_http_response() -> ();
            send_http_response(_: u32, _: Vec<(&str, &str)>, _: Option<&[u8]>) -> ();
            send_grpc_response(_: proxy_wasm::types::GrpcStatusCode, _: Option<&str>, _: Vec<(&str, &[u8])>) -> ();
        }
    };
}

/// Methods that return their type's default.
macro_rules! nothing {
    ($($name:ident($(_: $argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $(_: $argument),*) -> $result {
            Default::default()
        })*
    };
}

/// Methods that return an error.
macro_rules! refused {
    ($($name:ident($(_: $argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $(_: $argument),*) -> Result<$result, proxy_wasm::types::Status> {
            Err(proxy_wasm::types::Status::InternalFailure)
        })*
    };
}

pub(crate) use {no_context_host_calls, no_http_host_calls, no_root_host_calls, nothing, refused};
