// The few functions that the crate `xla` calls and that the libraries of the TensorFlow wheel keep
// to themselves: the process's table of PJRT plugins, and the client made from it. They are
// declared in xla/pjrt/pjrt_api.h and xla/pjrt/c_api_client/pjrt_c_api_client.h; what each must do
// is said there. `cargo xtask setup --xla-rs` compiles this file beside the wheel's headers.
//
// nnx itself only asks the crate for XLA's own CPU client and calls none of this, but the crate
// does not link without it, and a program that uses the crate may load plugins.

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "xla/pjrt/c/pjrt_c_api.h"
#include "xla/pjrt/c_api_client/pjrt_c_api_client.h"
#include "xla/pjrt/pjrt_api.h"

namespace {

struct Plugin {
  const PJRT_Api* api = nullptr;
  bool initialized = false;
};

struct Plugins {
  // A program may make clients from several threads, and the crate calls these functions as they
  // come.
  std::mutex mutex;
  std::map<std::string, Plugin> by_device_type;
};

Plugins& plugins() {
  // Never destroyed: a client may still be in use while the process ends.
  static Plugins* all = new Plugins;
  return *all;
}

// Calls `use` with the plugin of `device_type`, under the lock.
template <typename Use>
auto with_plugin(absl::string_view device_type, Use use)
    -> decltype(use(std::declval<Plugin&>())) {
  Plugins& all = plugins();
  std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.by_device_type.find(absl::AsciiStrToLower(device_type));
  if (found == all.by_device_type.end()) {
    return absl::NotFoundError(
        absl::StrCat("no PJRT plugin was loaded for the device type `", device_type, "`"));
  }
  return use(found->second);
}

// What a plugin's function answered; frees the answer.
absl::Status to_status(const PJRT_Api* api, PJRT_Error* error) {
  if (error == nullptr) return absl::OkStatus();
  PJRT_Error_Message_Args message{};
  message.struct_size = PJRT_Error_Message_Args_STRUCT_SIZE;
  message.error = error;
  api->PJRT_Error_Message(&message);
  absl::Status status = absl::InternalError(absl::string_view(message.message, message.message_size));
  PJRT_Error_Destroy_Args destroy{};
  destroy.struct_size = PJRT_Error_Destroy_Args_STRUCT_SIZE;
  destroy.error = error;
  api->PJRT_Error_Destroy(&destroy);
  return status;
}

}  // namespace

namespace pjrt {

absl::StatusOr<const PJRT_Api*> PjrtApi(absl::string_view device_type) {
  return with_plugin(device_type,
                     [](Plugin& plugin) -> absl::StatusOr<const PJRT_Api*> { return plugin.api; });
}

absl::Status SetPjrtApi(absl::string_view device_type, const PJRT_Api* api) {
  Plugins& all = plugins();
  std::lock_guard<std::mutex> lock(all.mutex);
  bool added =
      all.by_device_type.emplace(absl::AsciiStrToLower(device_type), Plugin{api, false}).second;
  if (added) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("a PJRT plugin was loaded for the device type `", device_type, "` before"));
}

absl::StatusOr<const PJRT_Api*> LoadPjrtPlugin(absl::string_view device_type,
                                               absl::string_view library_path) {
  const std::string path(library_path);
  // Local, so that the XLA inside of the plugin stays apart from the one linked here. Never closed:
  // plugins do not take that.
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot load the PJRT plugin: ", dlerror()));
  }
  auto get_api = reinterpret_cast<const PJRT_Api* (*)()>(dlsym(library, "GetPjrtApi"));
  if (get_api == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is no PJRT plugin: it has no function GetPjrtApi"));
  }
  const PJRT_Api* api = get_api();
  if (api == nullptr) {
    return absl::InternalError(absl::StrCat("GetPjrtApi of ", path, " gave nothing"));
  }
  absl::Status added = SetPjrtApi(device_type, api);
  if (!added.ok()) return added;
  return api;
}

absl::StatusOr<bool> IsPjrtPluginInitialized(absl::string_view device_type) {
  return with_plugin(device_type,
                     [](Plugin& plugin) -> absl::StatusOr<bool> { return plugin.initialized; });
}

absl::Status InitializePjrtPlugin(absl::string_view device_type) {
  return with_plugin(device_type, [](Plugin& plugin) -> absl::Status {
    if (plugin.initialized) return absl::OkStatus();
    PJRT_Plugin_Initialize_Args args{};
    args.struct_size = PJRT_Plugin_Initialize_Args_STRUCT_SIZE;
    absl::Status status = to_status(plugin.api, plugin.api->PJRT_Plugin_Initialize(&args));
    plugin.initialized = status.ok();
    return status;
  });
}

}  // namespace pjrt

namespace xla {

// The wheel exports a function of this name, but it asks the wheel's own, hidden table.
absl::StatusOr<std::unique_ptr<PjRtClient>> GetCApiClient(
    absl::string_view device_type,
    const absl::flat_hash_map<std::string, PjRtValueType>& create_options,
    std::shared_ptr<KeyValueStoreInterface> kv_store) {
  absl::StatusOr<const PJRT_Api*> api = pjrt::PjrtApi(device_type);
  if (!api.ok()) return api.status();
  return WrapClientAroundCApi(*api, create_options, std::move(kv_store));
}

}  // namespace xla
