//! Makes a trace of what others wrote.
