//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use crate::CoreEntity;

impl CoreEntity for crate::app_settings::Entity {}
impl CoreEntity for crate::backups::Entity {}
impl CoreEntity for crate::data_sources::Entity {}
impl CoreEntity for crate::import_history::Entity {}
impl CoreEntity for crate::job_checkpoints::Entity {}
impl CoreEntity for crate::job_crews::Entity {}
impl CoreEntity for crate::job_dependencies::Entity {}
impl CoreEntity for crate::job_executions::Entity {}
impl CoreEntity for crate::job_lanes::Entity {}
impl CoreEntity for crate::job_limits::Entity {}
impl CoreEntity for crate::job_logs::Entity {}
impl CoreEntity for crate::job_queues::Entity {}
impl CoreEntity for crate::job_schedules::Entity {}
impl CoreEntity for crate::job_workers::Entity {}
impl CoreEntity for crate::jobs::Entity {}
impl CoreEntity for crate::project_operations::Entity {}
impl CoreEntity for crate::projects::Entity {}
