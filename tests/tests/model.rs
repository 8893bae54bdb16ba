//! The engine against its plain reference model.
