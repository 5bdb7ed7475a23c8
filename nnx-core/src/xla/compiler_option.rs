//! Options of XLA's compiler that one program is compiled with.

use std::fmt;

/// An option of XLA's compiler for one program, as in JAX's `compiler_options`: a field of XLA's
/// `DebugOptions`, which is also the name of a flag of `XLA_FLAGS`.
///
/// ```
/// use nnx::xla::CompilerOption;
///
/// let option = CompilerOption::new("xla_cpu_enable_fast_min_max", true);
/// assert_eq!(option.to_string(), "xla_cpu_enable_fast_min_max=true");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompilerOption<'a> {
    /// Its name, without dashes.
    pub name: &'a str,
    /// Its value.
    pub value: OptionValue<'a>,
}

/// A value of a [`CompilerOption`].
///
/// ```
/// use nnx::xla::{CompilerOption, OptionValue};
///
/// let option = CompilerOption::new("xla_backend_optimization_level", 0);
/// assert_eq!(option.value, OptionValue::Int(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionValue<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text, the name of a case of an enumeration, or a list with commas.
    Text(&'a str),
}

impl<'a> CompilerOption<'a> {
    /// An option with its value.
    pub fn new(name: &'a str, value: impl Into<OptionValue<'a>>) -> Self {
        CompilerOption { name, value: value.into() }
    }

    /// Whether this is the message of a compiler that does not know the option, or its value.
    pub(super) fn is_refused(name: &str, message: &str) -> bool {
        message.contains(&format!("No such compile option: '{name}'"))
            || message.contains(&format!("While setting option {name},"))
    }
}

/// As in `XLA_FLAGS`.
impl fmt::Display for CompilerOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name)?;
        match self.value {
            OptionValue::Bool(value) => write!(f, "{value}"),
            OptionValue::Int(value) => write!(f, "{value}"),
            OptionValue::Float(value) => write!(f, "{value:?}"),
            OptionValue::Text(value) => write!(f, "{value:?}"),
        }
    }
}

impl From<bool> for OptionValue<'_> {
    fn from(value: bool) -> Self {
        OptionValue::Bool(value)
    }
}

impl From<i64> for OptionValue<'_> {
    fn from(value: i64) -> Self {
        OptionValue::Int(value)
    }
}

impl From<f64> for OptionValue<'_> {
    fn from(value: f64) -> Self {
        OptionValue::Float(value)
    }
}

impl<'a> From<&'a str> for OptionValue<'a> {
    fn from(value: &'a str) -> Self {
        OptionValue::Text(value)
    }
}
