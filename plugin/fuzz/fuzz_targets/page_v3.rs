#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    nhanh_connector_fuzz::page_v3(data);
});
