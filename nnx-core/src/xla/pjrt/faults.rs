//! The one table of what is known to be wrong in plugins, and what is done about it.
//!
//! `cargo xtask conformance` finds such faults; each entry names the case that shows it. An entry
//! stays as long as a plugin with the fault is in use.

use std::ops::RangeInclusive;

/// A fault of some plugins that an option of XLA's compiler goes around.
pub(super) struct PluginFault {
    /// The platform of these plugins.
    platform: &'static str,
    /// Minor versions of the PJRT API of these plugins.
    api: RangeInclusive<i32>,
    /// A field of XLA's `DebugOptions`, which is also a flag of `XLA_FLAGS`.
    pub(super) option: &'static str,
    /// The option's value without the fault.
    pub(super) value: OptionValue,
}

impl PluginFault {
    /// Whether this is the message of a compiler that has no such option.
    pub(super) fn is_unknown(&self, message: &str) -> bool {
        message.contains(&format!("No such compile option: '{}'", self.option))
    }
}

/// A value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptionValue {
    Bool(bool),
    /// A list is written with commas; an empty text is the empty list.
    Text(&'static str),
}

/// A later version that mends a fault ends its range, once a plugin with it was seen.
const STILL: i32 = i32::MAX;

const FAULTS: &[PluginFault] = &[
    // `max` and `min` lose NaN. jaxlib sets the same option.
    // Case: `nan_is_not_lost` in nnx-core/tests/numeric.
    PluginFault {
        platform: "cpu",
        api: 0..=STILL,
        option: "xla_cpu_enable_fast_min_max",
        value: OptionValue::Bool(false),
    },
    // Fusions that are handed to the library YNNPACK read memory that nobody wrote, from a few
    // thousand elements on: in every float dtype where an operand of a product of matrices is
    // broadcast, in bf16 already where one constant is used twice. Wrong numbers or NaN, seen in
    // plugins of jaxlib 0.11.2 (API 0.115); the one of API 0.106 is right.
    // Cases: tests/conformance/faults.rs.
    PluginFault {
        platform: "cpu",
        api: 107..=STILL,
        option: "xla_cpu_experimental_ynn_fusion_type",
        value: OptionValue::Text(""),
    },
];

/// The faults of a plugin that were not dealt with by the user, whose flags are `given`.
pub(super) fn of(
    platform: &str,
    version: (i32, i32),
    given: &[String],
) -> impl Iterator<Item = &'static PluginFault> {
    FAULTS.iter().filter(move |fault| {
        fault.platform == platform
            && fault.api.contains(&version.1)
            && !given.iter().any(|name| name == fault.option)
    })
}
