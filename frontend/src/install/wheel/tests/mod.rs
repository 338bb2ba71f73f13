//! Tests on whole wheels, made in memory: those that are installed, and those that are refused.

mod attacks;
mod drafts;
mod installs;
mod oddities;
mod refusals;
