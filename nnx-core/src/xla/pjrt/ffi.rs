//! The part of the PJRT C API that we use: argument structs, numbers and the function table.
//!
//! Written from the ABI's facts (field order and sizes) of API 0.81 to 0.115. The ABI's rules make
//! a small description enough for all of them: fields are only ever appended, every struct says
//! its own size, a plugin refuses a struct smaller than the one it knows, takes a larger one, and
//! reads a zero in a field as "not given". So each argument struct ends in spare zero words, which
//! stand for the fields that newer plugins have appended.

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;

/// An object that only the plugin can look into.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub(super) struct $name { _private: [u8; 0] }
    )*};
}
opaque! { PjrtSerialized PjrtError PjrtEvent PjrtClient PjrtDevice PjrtDeviceDescription PjrtExecutable PjrtLoadedExecutable PjrtBuffer }

/// Zero words at the end of each argument struct, for fields appended after API 0.81.
const SPARE_WORDS: usize = 8;

/// Argument structs: the two header words, the fields given here, the spare words.
macro_rules! args {
    ($($name:ident { $($field:ident: $ty:ty),* $(,)? })*) => {$(
        #[repr(C)]
        pub(super) struct $name {
            struct_size: usize,
            extension_start: *mut c_void,
            $(pub(super) $field: $ty,)*
            spare: [usize; SPARE_WORDS],
        }

        impl $name {
            /// All fields zero, but for the struct's size.
            pub(super) fn new() -> Self {
                // SAFETY: the fields are integers, bools, raw pointers and structs of them, for
                // which all zero bits are a value.
                let mut args: Self = unsafe { MaybeUninit::zeroed().assume_init() };
                args.struct_size = size_of::<Self>();
                args
            }
        }
    )*};
}

args! {
    ErrorDestroyArgs { error: *mut PjrtError }
    ErrorMessageArgs { error: *const PjrtError, message: *const c_char, message_size: usize }
    ErrorCodeArgs { error: *const PjrtError, code: c_int, _padding: c_int }
    PluginInitializeArgs {}
    EventDestroyArgs { event: *mut PjrtEvent }
    EventAwaitArgs { event: *mut PjrtEvent }
    EventIsReadyArgs { event: *mut PjrtEvent, is_ready: bool, _padding: [u8; 7] }
    DeviceDescriptionArgs { device: *mut PjrtDevice, description: *mut PjrtDeviceDescription }
    DeviceKindArgs {
        description: *mut PjrtDeviceDescription,
        kind: *const c_char,
        kind_size: usize,
    }
    ClientCreateArgs {
        create_options: *const NamedValue,
        num_options: usize,
        kv_get_callback: *const c_void,
        kv_get_user_arg: *mut c_void,
        kv_put_callback: *const c_void,
        kv_put_user_arg: *mut c_void,
        client: *mut PjrtClient,
        kv_try_get_callback: *const c_void,
        kv_try_get_user_arg: *mut c_void,
    }
    ClientDestroyArgs { client: *mut PjrtClient }
    // Platform name and platform version have this one layout.
    ClientStringArgs { client: *mut PjrtClient, text: *const c_char, text_size: usize }
    ClientDevicesArgs {
        client: *mut PjrtClient,
        devices: *const *mut PjrtDevice,
        num_devices: usize,
    }
    Program {
        code: *const c_char,
        code_size: usize,
        format: *const c_char,
        format_size: usize,
    }
    ClientCompileArgs {
        client: *mut PjrtClient,
        program: *const Program,
        compile_options: *const c_char,
        compile_options_size: usize,
        executable: *mut PjrtLoadedExecutable,
    }
    BufferFromHostArgs {
        client: *mut PjrtClient,
        data: *const c_void,
        element_type: c_int,
        dims: *const i64,
        num_dims: usize,
        byte_strides: *const i64,
        num_byte_strides: usize,
        host_buffer_semantics: c_int,
        device: *mut PjrtDevice,
        memory: *mut c_void,
        device_layout: *mut c_void,
        done_with_host_buffer: *mut PjrtEvent,
        buffer: *mut PjrtBuffer,
    }
    ExecutableDestroyArgs { executable: *mut PjrtExecutable }
    LoadedExecutableDestroyArgs { executable: *mut PjrtLoadedExecutable }
    ExecutableSerializeArgs {
        executable: *const PjrtExecutable,
        bytes: *const c_char,
        size: usize,
        serialized: *mut PjrtSerialized,
        deleter: Option<unsafe extern "C" fn(*mut PjrtSerialized)>,
    }
    DeserializeAndLoadArgs {
        client: *mut PjrtClient,
        bytes: *const c_char,
        size: usize,
        loaded: *mut PjrtLoadedExecutable,
        // Null: the options that the program was compiled with.
        compile_options: *const c_char,
        compile_options_size: usize,
    }
    GetExecutableArgs {
        loaded_executable: *mut PjrtLoadedExecutable,
        executable: *mut PjrtExecutable,
    }
    NumOutputsArgs { executable: *mut PjrtExecutable, num_outputs: usize }
    OptimizedProgramArgs { executable: *mut PjrtExecutable, program: *mut Program }
    OutputElementTypesArgs {
        executable: *mut PjrtExecutable,
        output_types: *const c_int,
        num_output_types: usize,
    }
    OutputDimensionsArgs {
        executable: *mut PjrtExecutable,
        num_outputs: usize,
        dims: *const i64,
        dim_sizes: *const usize,
    }
    CompiledMemoryStatsArgs {
        executable: *mut PjrtExecutable,
        generated_code_size_in_bytes: i64,
        argument_size_in_bytes: i64,
        output_size_in_bytes: i64,
        alias_size_in_bytes: i64,
        temp_size_in_bytes: i64,
        host_generated_code_size_in_bytes: i64,
        host_argument_size_in_bytes: i64,
        host_output_size_in_bytes: i64,
        host_alias_size_in_bytes: i64,
        host_temp_size_in_bytes: i64,
        peak_memory_in_bytes: i64,
    }
    ExecuteOptions {
        send_callbacks: *mut c_void,
        recv_callbacks: *mut c_void,
        num_send_ops: usize,
        num_recv_ops: usize,
        launch_id: c_int,
        non_donatable_input_indices: *const i64,
        num_non_donatable_input_indices: usize,
        context: *mut c_void,
        call_location: *const c_char,
        num_tasks: usize,
        task_ids: *mut c_int,
        incarnation_ids: *mut i64,
    }
    ExecuteArgs {
        executable: *mut PjrtLoadedExecutable,
        options: *mut ExecuteOptions,
        argument_lists: *const *const *mut PjrtBuffer,
        num_devices: usize,
        num_args: usize,
        output_lists: *const *mut *mut PjrtBuffer,
        device_complete_events: *mut *mut PjrtEvent,
        execute_device: *mut PjrtDevice,
    }
    BufferDestroyArgs { buffer: *mut PjrtBuffer }
    BufferElementTypeArgs { buffer: *mut PjrtBuffer, element_type: c_int, _padding: c_int }
    BufferDimensionsArgs { buffer: *mut PjrtBuffer, dims: *const i64, num_dims: usize }
    BufferIsDeletedArgs { buffer: *mut PjrtBuffer, is_deleted: bool, _padding: [u8; 7] }
    BufferCopyToDeviceArgs {
        buffer: *mut PjrtBuffer,
        dst_device: *mut PjrtDevice,
        dst_buffer: *mut PjrtBuffer,
    }
    BufferReadyEventArgs { buffer: *mut PjrtBuffer, event: *mut PjrtEvent }
    BufferUnsafePointerArgs { buffer: *mut PjrtBuffer, buffer_pointer: usize }
    BufferToHostArgs {
        src: *mut PjrtBuffer,
        host_layout: *const MemoryLayout,
        dst: *mut c_void,
        dst_size: usize,
        event: *mut PjrtEvent,
    }
}

/// A key and a value of a client's create options. Plugins take an array of these, so that this
/// struct has no spare words.
#[repr(C)]
pub(super) struct NamedValue {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut c_void,
    pub(super) name: *const c_char,
    pub(super) name_size: usize,
    pub(super) value_type: c_int,
    /// The union of the ABI, as its integer member.
    pub(super) int64_value: i64,
    pub(super) value_size: usize,
}

/// [`NamedValue::value_type`] of an integer.
pub(super) const NAMED_VALUE_INT64: c_int = 1;

/// A dense layout in host memory: the ABI's union of tiled and strided layouts, as the tiled one
/// without tiles.
#[repr(C)]
pub(super) struct MemoryLayout {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut c_void,
    pub(super) tiled: TiledLayout,
    /// 0 is tiled.
    pub(super) layout_type: c_int,
}

/// The tiled member of the union in [`MemoryLayout`].
#[repr(C)]
pub(super) struct TiledLayout {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut c_void,
    pub(super) minor_to_major: *const i64,
    pub(super) minor_to_major_size: usize,
    pub(super) tile_dims: *const i64,
    pub(super) tile_dim_sizes: *const usize,
    pub(super) num_tiles: usize,
}

/// The start of the plugin's own table; the function pointers follow. Never copied: how much of it
/// there is depends on the plugin's version.
#[repr(C)]
pub(super) struct PjrtApi {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut c_void,
    pub(super) version: ApiVersion,
}

/// The version inside [`PjrtApi`].
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct ApiVersion {
    pub(super) struct_size: usize,
    pub(super) extension_start: *mut c_void,
    pub(super) major: c_int,
    pub(super) minor: c_int,
}

/// The plugin copies host memory before the upload call returns.
pub(super) const IMMUTABLE_ONLY_DURING_CALL: c_int = 0;

/// A function of the table. It returns an error that the caller must destroy, or null.
pub(super) type ApiFunction<A> = unsafe extern "C" fn(*mut A) -> *mut PjrtError;

/// A function of the table that cannot fail.
pub(super) type Infallible<A> = unsafe extern "C" fn(*mut A);

macro_rules! table {
    (
        required { $($name:ident: $ty:ty = $index:literal $label:literal),* $(,)? }
        optional { $($opt_name:ident: $opt_ty:ty = $opt_index:literal),* $(,)? }
    ) => {
        /// The functions that we call, taken out of the plugin's table after checking that the
        /// plugin has them.
        #[derive(Clone, Copy)]
        pub(super) struct Functions {
            $(pub(super) $name: $ty,)*
            $(pub(super) $opt_name: Option<$opt_ty>,)*
        }

        impl Functions {
            /// Reads the table; on failure gives the name of the function that is missing.
            ///
            /// # Safety
            /// `api` points to the table of a PJRT plugin of major version 0, which is as long as
            /// its `struct_size` says.
            pub(super) unsafe fn read(api: *const PjrtApi) -> Result<Self, &'static str> {
                // SAFETY: the caller's promise; the types of the functions at these places are
                // facts of the ABI.
                unsafe {
                    Ok(Functions {
                        $($name: match entry(api, $index) {
                            Some(f) => std::mem::transmute::<*const c_void, $ty>(f),
                            None => return Err($label),
                        },)*
                        $($opt_name: entry(api, $opt_index)
                            .map(|f| std::mem::transmute::<*const c_void, $opt_ty>(f)),)*
                    })
                }
            }
        }
    };
}

// The number is the place in the table, counted in words from the table's start.
table! {
    required {
        error_destroy: Infallible<ErrorDestroyArgs> = 5 "PJRT_Error_Destroy",
        error_message: Infallible<ErrorMessageArgs> = 6 "PJRT_Error_Message",
        error_get_code: ApiFunction<ErrorCodeArgs> = 7 "PJRT_Error_GetCode",
        plugin_initialize: ApiFunction<PluginInitializeArgs> = 8 "PJRT_Plugin_Initialize",
        event_destroy: ApiFunction<EventDestroyArgs> = 10 "PJRT_Event_Destroy",
        event_await: ApiFunction<EventAwaitArgs> = 13 "PJRT_Event_Await",
        client_create: ApiFunction<ClientCreateArgs> = 15 "PJRT_Client_Create",
        client_platform_name: ApiFunction<ClientStringArgs> = 17 "PJRT_Client_PlatformName",
        client_platform_version: ApiFunction<ClientStringArgs> = 19 "PJRT_Client_PlatformVersion",
        client_addressable_devices: ApiFunction<ClientDevicesArgs>
            = 21 "PJRT_Client_AddressableDevices",
        client_compile: ApiFunction<ClientCompileArgs> = 25 "PJRT_Client_Compile",
        buffer_from_host: ApiFunction<BufferFromHostArgs> = 27 "PJRT_Client_BufferFromHostBuffer",
        executable_destroy: ApiFunction<ExecutableDestroyArgs> = 45 "PJRT_Executable_Destroy",
        num_outputs: ApiFunction<NumOutputsArgs> = 49 "PJRT_Executable_NumOutputs",
        loaded_executable_destroy: ApiFunction<LoadedExecutableDestroyArgs>
            = 55 "PJRT_LoadedExecutable_Destroy",
        get_executable: ApiFunction<GetExecutableArgs> = 56 "PJRT_LoadedExecutable_GetExecutable",
        execute: ApiFunction<ExecuteArgs> = 60 "PJRT_LoadedExecutable_Execute",
        buffer_destroy: ApiFunction<BufferDestroyArgs> = 63 "PJRT_Buffer_Destroy",
        buffer_is_deleted: ApiFunction<BufferIsDeletedArgs> = 73 "PJRT_Buffer_IsDeleted",
        buffer_to_host: ApiFunction<BufferToHostArgs> = 75 "PJRT_Buffer_ToHostBuffer",
        buffer_ready_event: ApiFunction<BufferReadyEventArgs> = 77 "PJRT_Buffer_ReadyEvent",
    }
    optional {
        event_is_ready: ApiFunction<EventIsReadyArgs> = 11,
        client_destroy: ApiFunction<ClientDestroyArgs> = 16,
        device_kind: ApiFunction<DeviceKindArgs> = 31,
        device_description: ApiFunction<DeviceDescriptionArgs> = 34,
        optimized_program: ApiFunction<OptimizedProgramArgs> = 53,
        executable_serialize: ApiFunction<ExecutableSerializeArgs> = 54,
        deserialize_and_load: ApiFunction<DeserializeAndLoadArgs> = 61,
        buffer_element_type: ApiFunction<BufferElementTypeArgs> = 64,
        buffer_dimensions: ApiFunction<BufferDimensionsArgs> = 65,
        buffer_copy_to_device: ApiFunction<BufferCopyToDeviceArgs> = 74,
        buffer_unsafe_pointer: ApiFunction<BufferUnsafePointerArgs> = 78,
        output_element_types: ApiFunction<OutputElementTypesArgs> = 95,
        output_dimensions: ApiFunction<OutputDimensionsArgs> = 96,
        compiled_memory_stats: ApiFunction<CompiledMemoryStatsArgs> = 101,
    }
}

/// The function pointer at word `index` of the table, if the table is that long and has one.
///
/// # Safety
/// As for [`Functions::read`].
unsafe fn entry(api: *const PjrtApi, index: usize) -> Option<*const c_void> {
    // SAFETY: the caller's promise; the place is read only if it lies within the table.
    unsafe {
        if (index + 1) * size_of::<usize>() > (*api).struct_size {
            return None;
        }
        let function = *api.cast::<*const c_void>().add(index);
        (!function.is_null()).then_some(function)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;
    use std::mem::offset_of;

    /// Offsets as a C compiler gives them for the header of API 0.81.
    #[test]
    fn layouts_are_those_of_the_abi() {
        const SPARE: usize = SPARE_WORDS * 8;
        assert_eq!(size_of::<ExecuteOptions>(), 112 + SPARE);
        assert_eq!(size_of::<ExecuteArgs>(), 80 + SPARE);
        assert_eq!(size_of::<ClientCreateArgs>(), 88 + SPARE);
        assert_eq!(size_of::<BufferFromHostArgs>(), 120 + SPARE);
        assert_eq!(size_of::<BufferToHostArgs>(), 56 + SPARE);
        assert_eq!(size_of::<CompiledMemoryStatsArgs>(), 112 + SPARE);
        assert_eq!(size_of::<NamedValue>(), 56);
        assert_eq!(size_of::<MemoryLayout>(), 80);
        assert_eq!(size_of::<PjrtApi>(), 40);
        assert_eq!(offset_of!(ErrorCodeArgs, code), 24);
        assert_eq!(offset_of!(BufferIsDeletedArgs, is_deleted), 24);
        assert_eq!(offset_of!(BufferFromHostArgs, device), 80);
    }
}
