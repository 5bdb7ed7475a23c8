//! The command line that the examples have in common.

use crate::{About, Length};
use lexopt::prelude::*;
use std::path::PathBuf;
use std::str::FromStr;

/// The options from the command line; `None` where one was not given.
#[derive(Debug, Default)]
pub struct Options {
    /// How many epochs to train in all.
    pub epochs: Option<u32>,
    /// How many steps to train.
    pub steps: Option<usize>,
    /// Examples per step.
    pub batch_size: Option<usize>,
    /// The learning rate at first.
    pub learning_rate: Option<f64>,
    /// The seed of all that is random.
    pub seed: Option<u32>,
    /// Where the examples are.
    pub data: Option<PathBuf>,
    /// The folder for the results.
    pub out: Option<PathBuf>,
    /// The checkpoint to go on from.
    pub resume: Option<PathBuf>,
    /// Those of the program's own flags that were given.
    pub flags: Vec<&'static str>,
    /// Whether the help was asked for.
    pub help: bool,
}

/// The text of `--help`.
pub(crate) fn help(about: &About) -> String {
    let About { name, batch_size, learning_rate, .. } = about;
    let mut options = Vec::new();
    let rate = match about.length {
        Length::Epochs(epochs, decay) => {
            options.push((
                "--epochs N",
                format!("How many epochs to train in all [default: {epochs}]"),
            ));
            format!("AdamW's learning rate at first; each epoch leaves {decay} of it\n")
        }
        Length::Steps(steps) => {
            options.push(("--steps N", format!("How many steps to train [default: {steps}]")));
            "The learning rate ".to_owned()
        }
    };
    options.extend([
        ("--batch-size N", format!("{} per step [default: {batch_size}]", about.examples)),
        ("--learning-rate X", format!("{rate}[default: {learning_rate}]")),
        ("--seed N", "Seed of all that is random [default: 0]".into()),
    ]);
    if let Some((data, shipped)) = about.data {
        options.push(("--data PATH", format!("{data}\n[default: {shipped}]")));
    }
    options.push(("--out DIR", format!("Where the results go [default: runs/{name}]")));
    if let Length::Epochs(..) = about.length {
        options.push((
            "--resume CHECKPOINT",
            "Goes on where this checkpoint ended; it brings its own settings".into(),
        ));
    }
    options.extend(about.flags.iter().map(|(flag, text)| (*flag, (*text).to_owned())));
    options.push(("--help", "Prints this text".into()));
    let mut help = format!("{}\n\nUsage: {name} [OPTIONS]\n\nOptions:\n", about.purpose);
    for (option, text) in options {
        help += &format!("  {option:<22}{}\n", text.replace('\n', &format!("\n{:24}", "")));
    }
    help
}

/// Reads the command line. The error names the option.
pub(crate) fn parse(about: &About, mut args: lexopt::Parser) -> Result<Options, String> {
    let mut options = Options::default();
    let by_epochs = matches!(about.length, Length::Epochs(..));
    while let Some(arg) = args.next().map_err(|e| e.to_string())? {
        match arg {
            Long("epochs") if by_epochs => {
                options.epochs = Some(positive(&mut args, "--epochs")?);
            }
            Long("steps") if !by_epochs => {
                options.steps = Some(positive(&mut args, "--steps")?);
            }
            Long("batch-size") => options.batch_size = Some(positive(&mut args, "--batch-size")?),
            Long("learning-rate") => options.learning_rate = Some(rate(&mut args)?),
            Long("seed") => options.seed = Some(number(&mut args, "--seed", "a whole number")?),
            Long("data") if about.data.is_some() => options.data = Some(value(&mut args)?.into()),
            Long("out") => options.out = Some(value(&mut args)?.into()),
            Long("resume") if by_epochs => options.resume = Some(value(&mut args)?.into()),
            Long("help") | Short('h') => options.help = true,
            Long(name) => match about.flags.iter().find(|(flag, _)| flag[2..] == *name) {
                Some((flag, _)) if options.flags.contains(flag) => {}
                Some((flag, _)) => options.flags.push(flag),
                None => return Err(format!("there is no option --{name}; see --help")),
            },
            Short(name) => return Err(format!("there is no option -{name}; see --help")),
            Value(value) => {
                return Err(format!("unexpected argument {}; see --help", value.display()));
            }
        }
    }
    if options.resume.is_some() && options.seed.is_some() {
        return Err(
            "--seed: a resumed run goes on with the checkpoint's random streams; leave it \
                    out"
            .into(),
        );
    }
    Ok(options)
}

fn value(args: &mut lexopt::Parser) -> Result<std::ffi::OsString, String> {
    args.value().map_err(|e| e.to_string())
}

fn number<T: FromStr>(args: &mut lexopt::Parser, option: &str, what: &str) -> Result<T, String> {
    let text = value(args)?.to_string_lossy().into_owned();
    text.parse().map_err(|_| format!("{option} {text}: expected {what}"))
}

fn positive<T: FromStr + PartialEq + Default>(
    args: &mut lexopt::Parser,
    option: &str,
) -> Result<T, String> {
    let n: T = number(args, option, COUNT)?;
    if !is_count(&n) {
        return Err(format!("{option} 0: expected {COUNT}"));
    }
    Ok(n)
}

/// The description of what [`is_count`] takes.
pub(crate) const COUNT: &str = "a whole number of at least 1";

pub(crate) fn is_count<T: PartialEq + Default>(n: &T) -> bool {
    *n != T::default()
}

/// The description of what [`is_rate`] takes.
pub(crate) const RATE: &str = "a positive number";

pub(crate) fn is_rate(rate: &f64) -> bool {
    rate.is_finite() && *rate > 0.0
}

fn rate(args: &mut lexopt::Parser) -> Result<f64, String> {
    let rate: f64 = number(args, "--learning-rate", RATE)?;
    if !is_rate(&rate) {
        return Err(format!("--learning-rate {rate}: expected {RATE}"));
    }
    Ok(rate)
}
