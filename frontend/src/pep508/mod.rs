//! Names, requirements and environment markers of Python packages (PEP 503, PEP 508 and the markers of PEP
//! 751).
//!
//! No input or output: texts are parsed to values, and markers are evaluated. Every error has the place in
//! the parsed text, so the caller can point to the place in the file. A marker can also give the comparisons
//! that decided its result, because users ask why a package is not in their image.

mod environment;
mod error;
mod evaluate;
mod lexer;
mod marker;
mod name;
mod requirement;
#[cfg(test)]
mod tests;

pub use environment::{Active, Environment, Variable};
pub use error::{ParseError, ParseErrorKind};
pub use marker::{Comparison, Marker, Operand, Operator, Verdict};
pub use name::{Name, NameError};
pub use requirement::{Requirement, Wanted, parse_specifiers};
