//! pybuild.
