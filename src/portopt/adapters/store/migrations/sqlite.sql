CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)

CREATE TABLE alerts (
	alert_id VARCHAR(64) NOT NULL,
	rule VARCHAR(100) NOT NULL,
	subject VARCHAR(300) NOT NULL,
	portfolio_id VARCHAR(100),
	state VARCHAR(20) NOT NULL,
	severity VARCHAR(10) NOT NULL,
	since DATETIME NOT NULL,
	fired_at DATETIME,
	resolved_at DATETIME,
	silence_id VARCHAR(64),
	body JSON NOT NULL,
	PRIMARY KEY (alert_id)
)

CREATE TABLE api_keys (
	id VARCHAR(64) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	subject VARCHAR(200) NOT NULL,
	scopes JSON NOT NULL,
	portfolios JSON,
	note TEXT DEFAULT '' NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	revoked_at DATETIME,
	PRIMARY KEY (id),
	CONSTRAINT api_keys_sha256_key UNIQUE (sha256)
)

CREATE TABLE approvals (
	run_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	state VARCHAR(20) NOT NULL,
	asked_at DATETIME NOT NULL,
	expires_at DATETIME,
	held_until DATETIME,
	departures JSON NOT NULL,
	value_to_trade TEXT,
	approvers INTEGER DEFAULT 1 NOT NULL,
	approved_by JSON NOT NULL,
	decided JSON,
	superseded_by VARCHAR(64),
	PRIMARY KEY (run_id),
	CONSTRAINT approvals_run_fk FOREIGN KEY(run_id) REFERENCES runs (run_id)
)

CREATE TABLE desk_books (
	portfolio_id VARCHAR(100) NOT NULL,
	measured_at DATETIME,
	value FLOAT,
	cash_share FLOAT,
	cash_floor FLOAT,
	cash_ceiling FLOAT,
	drift FLOAT,
	band FLOAT,
	tracking_error FLOAT,
	tracking_limit FLOAT,
	limits_broken FLOAT,
	prices_age FLOAT,
	wave_id VARCHAR(64),
	wave_number INTEGER,
	why JSON,
	detail JSON,
	PRIMARY KEY (portfolio_id)
)

CREATE TABLE efficient_frontier_requests (
	id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	risk_measure VARCHAR(20) NOT NULL,
	points INTEGER NOT NULL,
	min_return NUMERIC(10, 8),
	max_risk NUMERIC(10, 8),
	constraints JSON NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT efficient_frontier_requests_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE efficient_frontier_results (
	frontier_id VARCHAR(64) NOT NULL,
	frontier_points JSON NOT NULL,
	current_portfolio JSON NOT NULL,
	optimal_portfolio JSON NOT NULL,
	min_risk_portfolio JSON NOT NULL,
	max_return_portfolio JSON NOT NULL,
	completed_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (frontier_id),
	CONSTRAINT efficient_frontier_results_frontier_fk FOREIGN KEY(frontier_id) REFERENCES efficient_frontier_requests (id)
)

CREATE TABLE efficient_frontiers (
	frontier_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	risk_measure VARCHAR(20) NOT NULL,
	frontier_points JSON NOT NULL,
	current_portfolio JSON NOT NULL,
	optimal_portfolio JSON NOT NULL,
	min_risk_portfolio JSON NOT NULL,
	max_return_portfolio JSON NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (frontier_id),
	CONSTRAINT efficient_frontiers_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE factor_analysis_requests (
	id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	factors JSON NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT factor_analysis_requests_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE factor_analysis_results (
	analysis_id VARCHAR(64) NOT NULL,
	as_of DATETIME NOT NULL,
	exposures JSON NOT NULL,
	attribution JSON NOT NULL,
	completed_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (analysis_id),
	CONSTRAINT factor_analysis_results_analysis_fk FOREIGN KEY(analysis_id) REFERENCES factor_analysis_requests (id)
)

CREATE TABLE factor_exposures (
	analysis_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	as_of DATETIME NOT NULL,
	exposures JSON NOT NULL,
	attribution JSON NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (analysis_id),
	CONSTRAINT factor_exposures_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE figures (
	name VARCHAR(64) NOT NULL,
	subject VARCHAR(300) NOT NULL,
	timestamp DATETIME NOT NULL,
	portfolio_id VARCHAR(100),
	value FLOAT,
	limit_value FLOAT,
	why TEXT DEFAULT '' NOT NULL,
	detail JSON, measured INTEGER, lowest FLOAT, highest FLOAT, mean FLOAT,
	PRIMARY KEY (name, subject, timestamp)
)

CREATE TABLE figures_thinned (
	step_seconds INTEGER NOT NULL,
	until DATETIME NOT NULL,
	PRIMARY KEY (step_seconds)
)

CREATE TABLE holdings_versions (
	portfolio_id VARCHAR(100) NOT NULL,
	version INTEGER NOT NULL,
	holdings JSON NOT NULL,
	declared_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	declared_by VARCHAR(200) DEFAULT '' NOT NULL,
	notes JSON NOT NULL,
	PRIMARY KEY (portfolio_id, version),
	CONSTRAINT holdings_versions_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE idempotency_keys (
	subject VARCHAR(200) NOT NULL,
	"key" VARCHAR(255) NOT NULL,
	operation VARCHAR(100) NOT NULL,
	request_digest VARCHAR(64) NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	job_id VARCHAR(64),
	status INTEGER,
	reply BLOB,
	PRIMARY KEY (subject, "key")
)

CREATE TABLE jobs (
	job_id VARCHAR(64) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	body JSON NOT NULL,
	request JSON NOT NULL,
	request_digest VARCHAR(64) NOT NULL,
	holdings_version INTEGER NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	approval_hours FLOAT DEFAULT 0 NOT NULL,
	started_at DATETIME,
	completed_at DATETIME,
	run_id VARCHAR(64),
	owner VARCHAR(200),
	leased_until DATETIME,
	attempts INTEGER DEFAULT 0 NOT NULL,
	problem JSON,
	asked_by VARCHAR(200) DEFAULT '' NOT NULL,
	correlation_id VARCHAR(200),
	idempotency_key VARCHAR(255),
	seconds JSON, progress JSON,
	PRIMARY KEY (job_id),
	CONSTRAINT jobs_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id),
	CONSTRAINT jobs_idempotency_key UNIQUE (asked_by, idempotency_key)
)

CREATE TABLE ledger (
	portfolio_id VARCHAR(100) NOT NULL,
	number INTEGER NOT NULL,
	kind VARCHAR(20) NOT NULL,
	subject VARCHAR(200) NOT NULL,
	at VARCHAR(40) NOT NULL,
	body TEXT NOT NULL,
	"before" VARCHAR(64) NOT NULL,
	seal VARCHAR(64) NOT NULL,
	PRIMARY KEY (portfolio_id, number),
	CONSTRAINT ledger_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE notice_keys (
	event_id VARCHAR(64) NOT NULL,
	"key" VARCHAR(100) NOT NULL,
	PRIMARY KEY (event_id, "key")
)

CREATE TABLE optimization_configurations (
	id CHAR(32) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	objective VARCHAR(50) NOT NULL,
	method VARCHAR(50) NOT NULL,
	constraints JSON NOT NULL,
	risk_parameters JSON NOT NULL,
	enabled BOOLEAN DEFAULT 1 NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id)
)

CREATE TABLE optimization_requests (
	id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	optimization_type VARCHAR(30) NOT NULL,
	objective VARCHAR(30) NOT NULL,
	risk_measure VARCHAR(20) NOT NULL,
	constraints JSON NOT NULL,
	preferences JSON NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT optimization_requests_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE optimization_results (
	optimization_id VARCHAR(64) NOT NULL,
	metrics JSON NOT NULL,
	current_allocation JSON NOT NULL,
	target_allocation JSON NOT NULL,
	trades JSON NOT NULL,
	efficient_frontier JSON,
	completed_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (optimization_id),
	CONSTRAINT optimization_results_optimization_fk FOREIGN KEY(optimization_id) REFERENCES optimization_requests (id)
)

CREATE TABLE optimizer_policies (
	id VARCHAR(64) NOT NULL,
	method_version VARCHAR(40) NOT NULL,
	name TEXT NOT NULL,
	body JSON NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id, method_version)
)

CREATE TABLE outbox (
	sequence INTEGER NOT NULL,
	event_id VARCHAR(64) NOT NULL,
	type VARCHAR(60) NOT NULL,
	"key" VARCHAR(100) NOT NULL,
	run_id VARCHAR(64),
	body JSON NOT NULL,
	occurred_at DATETIME NOT NULL,
	not_before DATETIME,
	attempts INTEGER DEFAULT 0 NOT NULL,
	delivered_at DATETIME, failures INTEGER DEFAULT 0 NOT NULL, parked_at DATETIME, problem JSON, shard INTEGER DEFAULT 0 NOT NULL,
	PRIMARY KEY (sequence),
	CONSTRAINT outbox_event_key UNIQUE (event_id)
)

CREATE TABLE outbox_shards (
	shard INTEGER NOT NULL,
	sent BIGINT DEFAULT 0 NOT NULL,
	sending VARCHAR(64),
	holder VARCHAR(200),
	held_since DATETIME,
	PRIMARY KEY (shard)
)

CREATE TABLE pins (
	"key" VARCHAR(200) NOT NULL,
	pricing_pack_id VARCHAR(64) NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY ("key")
)

CREATE TABLE portfolio_optimization_ts (
	portfolio_id VARCHAR(100) NOT NULL,
	timestamp DATETIME NOT NULL,
	optimization_id VARCHAR(64) NOT NULL,
	optimal_weights JSON NOT NULL,
	expected_return FLOAT,
	expected_volatility FLOAT,
	sharpe_ratio FLOAT,
	optimization_metadata JSON,
	PRIMARY KEY (portfolio_id, timestamp, optimization_id)
)

CREATE TABLE portfolio_optimizations (
	optimization_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	optimization_type VARCHAR(30) NOT NULL,
	objective VARCHAR(30) NOT NULL,
	risk_measure VARCHAR(20) NOT NULL,
	status VARCHAR(20) NOT NULL,
	metrics JSON,
	current_allocation JSON,
	target_allocation JSON,
	trades JSON,
	created_at DATETIME NOT NULL,
	completed_at DATETIME,
	PRIMARY KEY (optimization_id),
	CONSTRAINT portfolio_optimizations_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE portfolios (
	id VARCHAR(100) NOT NULL,
	currency VARCHAR(10) DEFAULT 'USD' NOT NULL,
	cash TEXT,
	shares JSON,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, version INTEGER DEFAULT 1 NOT NULL, name TEXT DEFAULT '' NOT NULL, policy VARCHAR(64) DEFAULT 'quality_focused' NOT NULL, provider VARCHAR(200), universe JSON, benchmark JSON, cash_flow JSON,
	PRIMARY KEY (id)
)

CREATE TABLE pricing_packs (
	id VARCHAR(64) NOT NULL,
	manifest JSON NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id)
)

CREATE TABLE rebalance_plans (
	rebalance_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	target_type VARCHAR(20) NOT NULL,
	current_allocation JSON NOT NULL,
	target_allocation JSON NOT NULL,
	trades JSON NOT NULL,
	metrics JSON NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (rebalance_id),
	CONSTRAINT rebalance_plans_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE rebalance_requests (
	id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	target_type VARCHAR(20) NOT NULL,
	constraints JSON NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	updated_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT rebalance_requests_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE rebalance_results (
	rebalance_id VARCHAR(64) NOT NULL,
	current_allocation JSON NOT NULL,
	target_allocation JSON NOT NULL,
	trades JSON NOT NULL,
	metrics JSON NOT NULL,
	completed_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (rebalance_id),
	CONSTRAINT rebalance_results_rebalance_fk FOREIGN KEY(rebalance_id) REFERENCES rebalance_requests (id)
)

CREATE TABLE run_results (
	run_id VARCHAR(64) NOT NULL,
	document JSON NOT NULL,
	document_digest VARCHAR(64) NOT NULL,
	headline JSON,
	completed_at DATETIME NOT NULL,
	PRIMARY KEY (run_id),
	CONSTRAINT run_results_run_fk FOREIGN KEY(run_id) REFERENCES runs (run_id)
)

CREATE TABLE runs (
	run_id VARCHAR(64) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	status VARCHAR(20) DEFAULT 'pending' NOT NULL,
	request JSON NOT NULL,
	pricing_pack_id VARCHAR(64),
	as_of DATE NOT NULL,
	created_at DATETIME NOT NULL,
	completed_at DATETIME,
	problem JSON,
	timings JSON,
	recorded_at DATETIME, about_run VARCHAR(64),
	PRIMARY KEY (run_id)
)

CREATE TABLE saved_choices (
	saved_id VARCHAR(64) NOT NULL,
	choice_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	alternative VARCHAR(64) DEFAULT '' NOT NULL,
	name VARCHAR(200) NOT NULL,
	note TEXT DEFAULT '' NOT NULL,
	run_id VARCHAR(64) NOT NULL,
	figures JSON NOT NULL,
	saved_by VARCHAR(200) NOT NULL,
	saved_at DATETIME NOT NULL,
	withdrawn_by VARCHAR(200) DEFAULT '' NOT NULL,
	withdrawn_at DATETIME,
	PRIMARY KEY (saved_id),
	CONSTRAINT saved_choices_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id),
	CONSTRAINT saved_choices_run_fk FOREIGN KEY(choice_id) REFERENCES runs (run_id)
)

CREATE TABLE selections (
	run_id VARCHAR(64) NOT NULL,
	choice_id VARCHAR(64) NOT NULL,
	alternative VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	"by" VARCHAR(200) NOT NULL,
	at DATETIME NOT NULL,
	told JSON NOT NULL,
	PRIMARY KEY (run_id, choice_id, alternative),
	CONSTRAINT selections_portfolio_fk FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
)

CREATE TABLE sessions (
	sha256 VARCHAR(64) NOT NULL,
	subject VARCHAR(200) NOT NULL,
	scopes JSON NOT NULL,
	portfolios JSON,
	key_id VARCHAR(64),
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	seen_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	PRIMARY KEY (sha256),
	CONSTRAINT sessions_key_fk FOREIGN KEY(key_id) REFERENCES api_keys (id)
)

CREATE TABLE silences (
	silence_id VARCHAR(64) NOT NULL,
	portfolio_id VARCHAR(100),
	matches JSON NOT NULL,
	starts DATETIME NOT NULL,
	ends DATETIME NOT NULL,
	made_by VARCHAR(200) NOT NULL,
	reason TEXT NOT NULL,
	summarized INTEGER NOT NULL,
	PRIMARY KEY (silence_id)
)

CREATE TABLE store_facts (
	name VARCHAR(60) NOT NULL,
	value TEXT NOT NULL,
	recorded_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (name)
)

CREATE TABLE strategy_optimization_results (
	id CHAR(32) NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	optimal_weights JSON NOT NULL,
	expected_return FLOAT,
	expected_volatility FLOAT,
	sharpe_ratio FLOAT,
	optimization_metadata JSON,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	optimization_id VARCHAR(64),
	PRIMARY KEY (id)
)

CREATE TABLE trials (
	family VARCHAR(64) NOT NULL,
	trial_id VARCHAR(64) NOT NULL,
	policy VARCHAR(200) NOT NULL,
	changes JSON NOT NULL,
	sharpe FLOAT,
	periods INTEGER NOT NULL,
	first DATE NOT NULL,
	last DATE NOT NULL,
	created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
	PRIMARY KEY (family, trial_id)
)

CREATE TABLE watch_state (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	evaluated_at DATETIME,
	PRIMARY KEY (id)
)

CREATE TABLE wave_items (
	wave_id VARCHAR(64) NOT NULL,
	number INTEGER NOT NULL,
	portfolio_id VARCHAR(100) NOT NULL,
	policy VARCHAR(64) NOT NULL,
	deadline DATETIME,
	state VARCHAR(20) NOT NULL,
	attempts INTEGER DEFAULT 0 NOT NULL,
	owner VARCHAR(200),
	leased_until DATETIME,
	run_id VARCHAR(64),
	problem JSON,
	ended_at DATETIME,
	seconds FLOAT,
	gap FLOAT, trades JSON,
	PRIMARY KEY (wave_id, number),
	CONSTRAINT wave_items_wave_fk FOREIGN KEY(wave_id) REFERENCES waves (wave_id)
)

CREATE TABLE waves (
	wave_id VARCHAR(64) NOT NULL,
	cause TEXT NOT NULL,
	policies JSON NOT NULL,
	provider VARCHAR(1100),
	as_of DATE,
	await_approval BOOLEAN NOT NULL,
	asked_by VARCHAR(200) DEFAULT '' NOT NULL,
	created_at DATETIME NOT NULL,
	ended_at DATETIME, kind VARCHAR(20) DEFAULT 'asked' NOT NULL,
	PRIMARY KEY (wave_id)
)

INSERT INTO alembic_version (version_num) VALUES ('r0014')

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (0, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (1, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (10, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (11, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (2, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (3, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (4, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (5, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (6, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (7, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (8, 0, NULL, NULL, NULL)

INSERT INTO outbox_shards (shard, sent, sending, holder, held_since) VALUES (9, 0, NULL, NULL, NULL)

INSERT INTO store_facts (name, value) VALUES ('installation', lower(hex(randomblob(6))))

INSERT INTO store_facts (name, value) VALUES ('time_series_level', 'plain')

INSERT INTO store_facts (name, value) VALUES ('timescaledb', 'absent')

INSERT INTO watch_state (id, version, evaluated_at) VALUES (1, 0, NULL)

CREATE INDEX alerts_portfolio_idx ON alerts (portfolio_id, since)

CREATE INDEX alerts_silence_idx ON alerts (silence_id)

CREATE INDEX alerts_since_idx ON alerts (since, alert_id)

CREATE INDEX alerts_state_idx ON alerts (state)

CREATE INDEX approvals_portfolio_idx ON approvals (portfolio_id)

CREATE INDEX approvals_state_idx ON approvals (state, expires_at)

CREATE INDEX efficient_frontier_requests_portfolio_idx ON efficient_frontier_requests (portfolio_id)

CREATE INDEX efficient_frontier_requests_status_idx ON efficient_frontier_requests (status)

CREATE INDEX efficient_frontiers_created_idx ON efficient_frontiers (created_at)

CREATE INDEX efficient_frontiers_portfolio_idx ON efficient_frontiers (portfolio_id)

CREATE INDEX factor_analysis_requests_portfolio_idx ON factor_analysis_requests (portfolio_id)

CREATE INDEX factor_analysis_requests_status_idx ON factor_analysis_requests (status)

CREATE INDEX factor_exposures_as_of_idx ON factor_exposures (as_of)

CREATE INDEX factor_exposures_portfolio_idx ON factor_exposures (portfolio_id)

CREATE INDEX figures_portfolio_idx ON figures (portfolio_id, timestamp)

CREATE INDEX figures_timestamp_idx ON figures (timestamp)

CREATE INDEX jobs_claim_idx ON jobs (status, created_at, job_id)

CREATE INDEX jobs_correlation_idx ON jobs (correlation_id)

CREATE INDEX jobs_created_idx ON jobs (created_at)

CREATE INDEX jobs_digest_idx ON jobs (request_digest)

CREATE INDEX jobs_key_idx ON jobs (idempotency_key)

CREATE INDEX jobs_portfolio_idx ON jobs (portfolio_id, created_at)

CREATE INDEX jobs_run_idx ON jobs (run_id)

CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: what was decided is not changed and not deleted'); END

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: what was decided is not changed and not deleted'); END

CREATE INDEX notice_keys_key_idx ON notice_keys ("key")

CREATE INDEX optimization_configurations_portfolio_idx ON optimization_configurations (portfolio_id)

CREATE INDEX optimization_requests_portfolio_idx ON optimization_requests (portfolio_id)

CREATE INDEX optimization_requests_status_idx ON optimization_requests (status)

CREATE INDEX outbox_next_idx ON outbox (shard, sequence) WHERE delivered_at IS NULL

CREATE INDEX outbox_occurred_idx ON outbox (occurred_at)

CREATE INDEX outbox_waiting_idx ON outbox ("key", sequence) WHERE delivered_at IS NULL

CREATE INDEX portfolio_optimizations_created_idx ON portfolio_optimizations (created_at)

CREATE INDEX portfolio_optimizations_portfolio_idx ON portfolio_optimizations (portfolio_id)

CREATE INDEX rebalance_plans_created_idx ON rebalance_plans (created_at)

CREATE INDEX rebalance_plans_portfolio_idx ON rebalance_plans (portfolio_id)

CREATE INDEX rebalance_requests_portfolio_idx ON rebalance_requests (portfolio_id)

CREATE INDEX rebalance_requests_status_idx ON rebalance_requests (status)

CREATE INDEX runs_about_idx ON runs (about_run, created_at)

CREATE INDEX runs_created_idx ON runs (created_at)

CREATE INDEX runs_portfolio_idx ON runs (portfolio_id, created_at)

CREATE INDEX saved_choices_choice_idx ON saved_choices (choice_id)

CREATE INDEX saved_choices_portfolio_idx ON saved_choices (portfolio_id, saved_at)

CREATE INDEX selections_choice_idx ON selections (choice_id)

CREATE INDEX sessions_ends_idx ON sessions (ends_at)

CREATE INDEX strategy_optimization_results_latest_idx ON strategy_optimization_results (portfolio_id, created_at)

CREATE INDEX wave_items_claim_idx ON wave_items (wave_id, state, deadline, number)

CREATE INDEX wave_items_portfolio_idx ON wave_items (portfolio_id)

CREATE INDEX wave_items_run_idx ON wave_items (run_id)

CREATE INDEX waves_created_idx ON waves (created_at, wave_id)
