//! The known faults of plugins that an option of the compiler goes around, by platform and version.
//!
//! `cargo xtask conformance` finds faults; each entry names the case that shows it. An entry stays as long as a
//! plugin with the fault is in use. The table of all faults, those without such an option included, is in
//! docs/backends.md.

use crate::xla::compiler_option::{CompilerOption, OptionValue};

/// A fault of some plugins that an option of XLA's compiler goes around.
#[derive(Clone, Copy)]
pub(super) struct PluginFault {
    /// The platform of these plugins.
    platform: &'static str,
    /// The first and the last minor version of the PJRT API of these plugins.
    api: (i32, i32),
    /// A field of XLA's `DebugOptions`, which is also a flag of `XLA_FLAGS`.
    pub(super) option: &'static str,
    /// Whether only programs on several devices have it.
    pub(super) spread: bool,
    /// Values of the option without the fault. The first that the compiler knows is taken; if it
    /// knows none, it has not what the fault is in.
    pub(super) values: &'static [OptionValue<'static>],
}

impl PluginFault {
    /// Whether this is the message of a compiler that does not know the option, or its value.
    pub(super) fn is_refused(&self, message: &str) -> bool {
        CompilerOption::is_refused(self.option, message)
    }
}

/// A later version that fixes a fault ends its range, once a plugin with it was seen.
const STILL: i32 = i32::MAX;

const FAULTS: &[PluginFault] = &[
    // `max` and `min` lose NaN. jaxlib sets the same option.
    // Case: "a NaN in a maximum" in tests/conformance/faults.rs.
    PluginFault {
        platform: "cpu",
        api: (0, STILL),
        option: "xla_cpu_enable_fast_min_max",
        spread: false,
        values: &[OptionValue::Bool(false)],
    },
    // Fusions that are handed to the library YNNPACK read memory that nobody wrote, from a few
    // thousand elements on: in every float dtype where an operand of a product of matrices is
    // broadcast, in bf16 already where one constant is used twice. Wrong numbers or NaN, seen in
    // plugins of jaxlib 0.11.2 (API 0.115). The one of API 0.106 computes right, but refuses a program in which a
    // callback gets a reduction of a product that is a result too (tests/behaviour/callbacks_life.rs). What it would cost in
    // reductions is gained back in ops/vectorized.rs.
    // Cases: tests/conformance/faults.rs.
    PluginFault {
        platform: "cpu",
        api: (106, STILL),
        option: "xla_cpu_experimental_ynn_fusion_type",
        spread: false,
        // Single products and convolutions are right with the library, and small ones faster.
        values: &[
            OptionValue::Text(
                "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION",
            ),
            OptionValue::Text(""),
        ],
    },
    // The form of shardings that the text has is read, but with a warning on stderr for each program that another one
    // is off for it; so it is off from the start. Seen in plugins of jaxlib 0.11.2.
    PluginFault {
        platform: "cpu",
        api: (107, STILL),
        option: "xla_enable_hlo_sharding_v3",
        spread: true,
        values: &[OptionValue::Bool(false)],
    },
];

/// The faults of a plugin, but for those whose option the user sets: `given` are the names of the
/// user's flags.
pub(super) fn of(platform: &str, version: (i32, i32), given: &[String]) -> Vec<PluginFault> {
    let is_ours = |fault: &&PluginFault| {
        fault.platform == platform
            && fault.api.0 <= version.1
            && version.1 <= fault.api.1
            && !given.iter().any(|name| name == fault.option)
    };
    FAULTS.iter().filter(is_ours).copied().collect()
}

/// Takes the value out that a compiler refused with this message: its next program is compiled with
/// the next one, or without the option. False if the message is about something else.
pub(super) fn refused(faults: &mut Vec<PluginFault>, message: &str) -> bool {
    let Some(at) = faults.iter().position(|fault| fault.is_refused(message)) else {
        return false;
    };
    faults[at].values = faults[at].values.get(1..).unwrap_or_default();
    faults.retain(|fault| !fault.values.is_empty());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_for_the_plugins_with_the_fault_and_the_users_flags_win() {
        let options = |platform, minor, given: &[&str]| -> Vec<&str> {
            let given: Vec<String> = given.iter().map(|name| name.to_string()).collect();
            of(platform, (0, minor), &given).iter().map(|fault| fault.option).collect()
        };
        let [min_max, ynn] =
            ["xla_cpu_enable_fast_min_max", "xla_cpu_experimental_ynn_fusion_type"];
        let v3 = "xla_enable_hlo_sharding_v3";
        assert_eq!(options("cpu", 115, &[]), [min_max, ynn, v3]);
        assert_eq!(options("cpu", 106, &[]), [min_max, ynn]);
        assert_eq!(options("cpu", 105, &[]), [min_max]);
        assert_eq!(options("cpu", 115, &[ynn]), [min_max, v3]);
        assert!(options("cuda", 115, &[]).is_empty());
    }

    #[test]
    fn what_a_compiler_does_not_know_is_not_given_to_it_again() {
        let mut faults = of("cpu", (0, 115), &[]);
        assert!(!refused(&mut faults, "No such compile option: 'xla_other'"));
        let option = "xla_cpu_experimental_ynn_fusion_type";
        assert!(refused(&mut faults, &format!("While setting option {option}, 'X' is not valid")));
        assert_eq!(faults[1].values, [OptionValue::Text("")]);
        assert!(refused(&mut faults, &format!("No such compile option: '{option}'")));
        assert_eq!(faults.len(), 2);
    }
}
