//! Tests with whole wheels, made in memory. Some are installed, and others are refused.

mod attacks;
mod drafts;
mod installs;
mod oddities;
mod refusals;
