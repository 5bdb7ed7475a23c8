// The few functions that the crate `xla` calls and that the libraries in the TensorFlow wheel keep
// to themselves: the process's table of PJRT plugins, declared in xla/pjrt/pjrt_api.h.
//
// Without them nothing that uses the crate can be linked. They refuse, as here the crate is for
// XLA's own CPU client; nnx opens plugins itself, without any of this. A real table would also need
// another `xla::GetCApiClient` (the wheel's asks a hidden table), and with it all of PJRT's headers:
// more than a minute of compiling where this takes seconds.

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "xla/pjrt/pjrt_api.h"

namespace {

absl::Status no_plugins() {
  return absl::UnimplementedError(
      "this build of XLA has no PJRT plugins, only its own CPU client: "
      "nnx's default backend takes plugins");
}

}  // namespace

namespace pjrt {

absl::StatusOr<const PJRT_Api*> PjrtApi(absl::string_view) { return no_plugins(); }

absl::StatusOr<const PJRT_Api*> LoadPjrtPlugin(absl::string_view, absl::string_view) {
  return no_plugins();
}

absl::StatusOr<bool> IsPjrtPluginInitialized(absl::string_view) { return no_plugins(); }

absl::Status InitializePjrtPlugin(absl::string_view) { return no_plugins(); }

}  // namespace pjrt
