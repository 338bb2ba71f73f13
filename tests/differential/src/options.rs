//! The options of a run: the comparisons, the number of inputs, and the seed.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::meant::Meant;
use crate::tools::Tools;

/// The default seed. It is fixed, so two runs of the same commit give the same results.
const SEED: u64 = 13;

const USAGE: &str =
    "usage: pybuild-differential [selection|trees|freshness|origins]... [--short] [--seed N] [--count N] [--only N]
                            [--kind KIND] [--keep] [--refused] [--home FOLDER]

Without a part, every part is run.
  --short       the part of a run that takes a few minutes, with the default Python alone
  --seed N      what the inputs are made from
  --count N     how many inputs are made, in place of the usual number
  --only N      the input with this number alone
  --kind KIND   the inputs of this kind alone
  --keep        write new disagreements, made small, to tests/differential/cases
  --refused     show why tools refuse inputs
  --home FOLDER where the tools are installed and kept (default: ~/.cache/pybuild-differential)";

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Which packages and files are chosen of a lock.
    Selection,
    /// Which files a wheel is unpacked to.
    Trees,
    /// Whether a lock is older than its manifest.
    Freshness,
    /// What an installed package says of the place that it is from.
    Origins,
}

/// The options of a run.
#[derive(Debug)]
pub(crate) struct Options {
    /// What is compared.
    pub(crate) parts: Vec<Part>,
    /// What inputs are made from: the same seed gives the same inputs.
    pub(crate) seed: u64,
    /// How many inputs are made, where the run is told.
    pub(crate) count: Option<usize>,
    /// The one input that is looked at.
    pub(crate) only: Option<usize>,
    /// The one kind of input that is looked at, as the report names it.
    pub(crate) kind: Option<String>,
    /// Whether only a part of everything is run: a few minutes on two cores, one Python.
    pub(crate) short: bool,
    /// Whether new disagreements are made small and written to `cases` in [`Options::folder`].
    pub(crate) keep: bool,
    /// Whether it is shown why tools refuse inputs.
    pub(crate) refused: bool,
    /// The tools, installed.
    pub(crate) tools: Tools,
    /// The disagreements that are meant.
    pub(crate) meant: Meant,
    /// The folder `tests/differential`.
    pub(crate) folder: PathBuf,
}

impl Options {
    /// Reads arguments, installs the tools, and reads what is meant.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut parts = Vec::new();
        let (mut seed, mut count, mut only, mut kind, mut home) = (SEED, None, None, None, None);
        let (mut short, mut keep, mut refused) = (false, false, false);
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments.next().ok_or_else(|| Failure::Other(format!("{argument} needs a value\n{USAGE}")))
            };
            let number = |text: &String| {
                text.parse::<u64>().map_err(|error| Failure::Other(format!("{argument} {text}: {error}")))
            };
            match argument.as_str() {
                "selection" => parts.push(Part::Selection),
                "trees" => parts.push(Part::Trees),
                "freshness" => parts.push(Part::Freshness),
                "origins" => parts.push(Part::Origins),
                "--short" => short = true,
                "--keep" => keep = true,
                "--refused" => refused = true,
                "--seed" => seed = number(value()?)?,
                "--count" => count = usize::try_from(number(value()?)?).ok(),
                "--only" => only = usize::try_from(number(value()?)?).ok(),
                "--kind" => kind = Some(value()?.clone()),
                "--home" => home = Some(PathBuf::from(value()?)),
                _ => return Err(Failure::Other(format!("{argument}: not known\n{USAGE}"))),
            }
        }
        if parts.is_empty() {
            parts = vec![Part::Selection, Part::Trees, Part::Freshness, Part::Origins];
        }
        let tools = Tools::installed(home, &folder.join("tools.txt"))?;
        let meant = Meant::read(&folder.join("meant.toml"))?;
        Ok(Self { parts, seed, count, only, kind, short, keep, refused, tools, meant, folder })
    }

    /// How many inputs are made: what the run was told, else `full`, or `short` in a short run.
    pub(crate) fn count(&self, full: usize, short: usize) -> usize {
        self.count.unwrap_or(if self.short { short } else { full })
    }
}
