//! Names, requirements and environment markers of Python packages (PEP 503, PEP 508 and the markers of PEP 751).
//!
//! Pure: text to values, and values to a truth. Every error says which bytes of the text it is about, so that
//! whoever knows where the text stands can point into the file. A marker can also tell which of its comparisons
//! decided, because "why is this package not in my image" is the question that users ask.

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
