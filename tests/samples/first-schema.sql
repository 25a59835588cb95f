BEGIN TRANSACTION;
CREATE TABLE brakes (
	id INTEGER NOT NULL, 
	paused BOOLEAN NOT NULL, 
	probed_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "brakes" VALUES(1,0,NULL);
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	factory TEXT NOT NULL, 
	incident VARCHAR(16) NOT NULL, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE deliveries (
	id TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	sender TEXT NOT NULL, 
	credential TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	group_key TEXT NOT NULL, 
	alert_group TEXT NOT NULL, 
	truncated INTEGER NOT NULL, 
	alerts INTEGER NOT NULL, 
	verdicts JSON NOT NULL, 
	kinds TEXT NOT NULL, 
	body BLOB NOT NULL, 
	clock_difference FLOAT, 
	PRIMARY KEY (id)
);
CREATE TABLE delivery_incidents (
	incident VARCHAR(16) NOT NULL, 
	delivery TEXT NOT NULL, 
	PRIMARY KEY (incident, delivery)
)
 WITHOUT ROWID

;
CREATE TABLE events (
	incident VARCHAR(16) NOT NULL, 
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (incident, seq)
)
 WITHOUT ROWID

;
CREATE TABLE factories (
	name TEXT NOT NULL, 
	floor_at BIGINT, 
	PRIMARY KEY (name)
);
CREATE TABLE firings (
	fingerprint TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	starts_at BIGINT NOT NULL, 
	incident VARCHAR(16), 
	resolved BOOLEAN NOT NULL, 
	PRIMARY KEY (fingerprint, rule, starts_at)
)
 WITHOUT ROWID

;
CREATE TABLE incidents (
	id VARCHAR(16) NOT NULL, 
	rule TEXT NOT NULL, 
	grp TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	proof TEXT, 
	opened_at BIGINT NOT NULL, 
	alert_started_at BIGINT, 
	first_error_at BIGINT, 
	reported_at BIGINT, 
	ended_at BIGINT, 
	errors INTEGER NOT NULL, 
	failed_orders INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	due_at BIGINT, 
	hurried BOOLEAN NOT NULL, 
	lease_token TEXT, 
	lease_until BIGINT, 
	last_firing_at BIGINT NOT NULL, 
	looked_at BIGINT, 
	relapse_of VARCHAR(16), 
	automation_over BOOLEAN NOT NULL, 
	alert_groups JSON NOT NULL, 
	summary TEXT NOT NULL, 
	reports JSON NOT NULL, 
	outcome TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE links (
	factory TEXT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	outcome TEXT, 
	answered_at BIGINT, 
	incident VARCHAR(16), 
	spent BOOLEAN NOT NULL, 
	effective_at BIGINT, 
	unknowns INTEGER NOT NULL, 
	in_flight_since BIGINT, 
	in_flight_incident VARCHAR(16), 
	PRIMARY KEY (factory, digest)
);
CREATE UNIQUE INDEX incidents_one_open ON incidents (rule, grp) WHERE ended_at IS NULL;
CREATE INDEX incidents_newest ON incidents (opened_at, id);
CREATE INDEX ix_incidents_due_at ON incidents (due_at);
CREATE INDEX ix_firings_incident ON firings (incident);
CREATE INDEX ix_calls_at ON calls (at);
CREATE INDEX deliveries_newest ON deliveries (received_at, id);
COMMIT;