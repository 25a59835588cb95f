SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.brakes (
    id integer NOT NULL,
    paused boolean NOT NULL,
    paused_by text,
    paused_at bigint,
    paused_until bigint,
    resumed_by text,
    resumed_at bigint,
    probed_at bigint
);
CREATE TABLE public.calls (
    id integer NOT NULL,
    at bigint NOT NULL,
    factory text NOT NULL,
    incident character varying(16) NOT NULL,
    outcome text NOT NULL
);
CREATE SEQUENCE public.calls_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;
CREATE TABLE public.deliveries (
    id text NOT NULL,
    received_at bigint NOT NULL,
    sender text NOT NULL,
    credential text NOT NULL,
    receiver text NOT NULL,
    group_key text NOT NULL,
    alert_group text NOT NULL,
    truncated integer NOT NULL,
    alerts integer NOT NULL,
    verdicts json NOT NULL,
    kinds text NOT NULL,
    body bytea NOT NULL,
    clock_difference double precision
);
CREATE TABLE public.delivery_incidents (
    incident character varying(16) NOT NULL,
    delivery text NOT NULL
);
CREATE TABLE public.drills (
    id character varying(32) NOT NULL,
    at bigint NOT NULL,
    rule text NOT NULL,
    ended_at bigint,
    passed boolean NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.duties (
    name text NOT NULL,
    due_at bigint NOT NULL,
    note text NOT NULL
);
CREATE TABLE public.errands (
    incident character varying(16) NOT NULL,
    place text NOT NULL,
    due_at bigint,
    woken boolean NOT NULL,
    tries integer NOT NULL,
    lease_token text,
    lease_until bigint
);
CREATE TABLE public.events (
    incident character varying(16) NOT NULL,
    seq integer NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.factories (
    name text NOT NULL,
    floor_at bigint,
    changes integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.firings (
    fingerprint text NOT NULL,
    rule text NOT NULL,
    starts_at bigint NOT NULL,
    incident character varying(16),
    resolved boolean NOT NULL,
    heard_at bigint
);
CREATE TABLE public.gaps (
    since bigint NOT NULL,
    until bigint NOT NULL
);
CREATE TABLE public.incidents (
    id character varying(16) NOT NULL,
    rule text NOT NULL,
    grp text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    proof text,
    opened_at bigint NOT NULL,
    alert_started_at bigint,
    first_error_at bigint,
    reported_at bigint,
    ended_at bigint,
    errors integer NOT NULL,
    failed_orders integer NOT NULL,
    seq integer NOT NULL,
    due_at bigint,
    hurried boolean NOT NULL,
    lease_token text,
    lease_until bigint,
    last_firing_at bigint NOT NULL,
    looked_at bigint,
    relapse_of character varying(16),
    automation_over boolean NOT NULL,
    alert_groups json NOT NULL,
    summary text NOT NULL,
    reports json NOT NULL,
    outcome text,
    opened_reason text,
    drill text,
    untold boolean NOT NULL,
    shared_with character varying(16),
    withheld_at bigint,
    by_hand_at bigint,
    agreement text
);
CREATE TABLE public.life (
    id integer NOT NULL,
    since bigint NOT NULL,
    stamped_at bigint NOT NULL,
    history_lost boolean NOT NULL
);
CREATE TABLE public.links (
    factory text NOT NULL,
    digest character varying(64) NOT NULL,
    name text NOT NULL,
    outcome text,
    answered_at bigint,
    incident character varying(16),
    spent boolean NOT NULL,
    effective_at bigint,
    unknowns integer NOT NULL,
    in_flight_since bigint,
    in_flight_incident character varying(16)
);
CREATE TABLE public.trials (
    rule text NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL
);
ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0011');
INSERT INTO public.brakes VALUES (1, false, 'bo', 1793880600000000, 1793880900000000, 'ada', 1793880610000000, NULL);
INSERT INTO public.calls VALUES (1, 1793880002000000, 'pizza-factory.example.com', '01m8je4f8dv05yg0', 'resolved');
INSERT INTO public.calls VALUES (2, 1793880035000000, 'pizza-factory.example.com', '01m8je4fbvdhtmd3', 'unknown');
INSERT INTO public.calls VALUES (3, 1793880101000000, 'pizza-factory.example.com', '01m8je4ffrmc9zvd', 'resolved');
INSERT INTO public.calls VALUES (4, 1793880102000000, 'pizza-factory.example.com', '01m8je4ffrmc9zvd', 'nothing_to_resolve');
INSERT INTO public.calls VALUES (5, 1793880106000000, 'pizza-factory.example.com', '01m8je4ffrmc9zvd', 'unknown');
INSERT INTO public.deliveries VALUES ('delivery-1', 1795915136085581, 'grafana', 'grafana', '', '', 'IQ7WZ2X9', 1, 1, '[{"fingerprint": "f1", "verdict": "opened", "incident": "01m8je4f8dv05yg0", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-2', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f5people", "verdict": "opened", "incident": "01m8je4fbvdhtmd3", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-3', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f6shadow", "verdict": "opened", "incident": "01m8je4fdyg8jtvj", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-4', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f7shared", "verdict": "opened", "incident": "01m8je4feer8bqx4", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-5', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f8unread", "verdict": "opened", "incident": "01m8je4fewk9zxk4", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-6', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f9catalogue", "verdict": "opened", "incident": "01m8je4ffrmc9zvd", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-7', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f10open", "verdict": "opened", "incident": "01m8je4fp3z0x7b1", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.deliveries VALUES ('delivery-8', 1795915136085581, 'grafana', 'grafana', '', '', '', 1, 1, '[{"fingerprint": "f12calling", "verdict": "opened", "incident": "01m8je4fpg2ds67e", "rule": "pizza-factory", "why": ""}]', ',opened,', '\x785eab562a4a4d4ecd2c4b2d52b252502ac8acaa4ad42d4a2d2ec8cf4b010ae9282825e6a41695140325a3636b016ce80f8a', NULL);
INSERT INTO public.delivery_incidents VALUES ('01m8je4f8dv05yg0', 'delivery-1');
INSERT INTO public.delivery_incidents VALUES ('01m8je4fbvdhtmd3', 'delivery-2');
INSERT INTO public.delivery_incidents VALUES ('01m8je4fdyg8jtvj', 'delivery-3');
INSERT INTO public.delivery_incidents VALUES ('01m8je4feer8bqx4', 'delivery-4');
INSERT INTO public.delivery_incidents VALUES ('01m8je4fewk9zxk4', 'delivery-5');
INSERT INTO public.delivery_incidents VALUES ('01m8je4ffrmc9zvd', 'delivery-6');
INSERT INTO public.delivery_incidents VALUES ('01m8je4fp3z0x7b1', 'delivery-7');
INSERT INTO public.delivery_incidents VALUES ('01m8je4fpg2ds67e', 'delivery-8');
INSERT INTO public.drills VALUES ('drill-7', 1793880400000000, 'pizza-factory', 1793880402000000, true, '{"id":"drill-7","rule":"pizza-factory","by":"ada","at":"2026-11-05T12:06:40Z","taken":[{"part":"lines_written","came":"done","words":"done","mend":""},{"part":"delivered","came":"done","words":"done","mend":""},{"part":"stored","came":"done","words":"done","mend":""},{"part":"matched","came":"done","words":"done","mend":""},{"part":"counted","came":"done","words":"done","mend":""},{"part":"link_found","came":"done","words":"done","mend":""},{"part":"would_report","came":"done","words":"done","mend":""}],"incident":"01m8je4f8dv05yg0","seconds":0.9,"ended_at":"2026-11-05T12:06:42Z"}');
INSERT INTO public.drills VALUES ('drill-8', 1793880500000000, 'pizza-factory', 1793880502000000, false, '{"id":"drill-8","rule":"pizza-factory","by":"ada","at":"2026-11-05T12:08:20Z","taken":[{"part":"lines_written","came":"broken","words":"no line came back","mend":"set logs.push"},{"part":"link_found","came":"unproven","words":"it follows from the lines","mend":""}],"incident":null,"seconds":null,"ended_at":"2026-11-05T12:08:22Z"}');
INSERT INTO public.duties VALUES ('first run', 1795915136763536, 'over');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f1","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-1","labels":{"alertname":"Order errors","shop":""},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[{"name":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","seen_at":"2026-11-05T12:00:00Z","late":false}],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 4, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","decision":"report","state":"reporting","reason":"threshold_reached","observed":7,"limit":5,"check":"error-logs","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 5, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"threshold_reached","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 6, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"resolved","method":"GET","status":200,"message":"Problem resolved. Pizza is back on the menu!","seconds":0.2,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 7, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","decision":"verify","state":"verifying","reason":"reported","observed":null,"limit":null,"check":"","until":"2026-11-05T12:00:12Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 8, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","fixed_at":"2026-11-05T12:00:01Z","event":"fix_recorded"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 9, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","first_error_at":"2026-11-05T11:59:35Z","lines":["1762340375000000000-dd"],"failed_lines":["1762340375000000000-ee"],"complete":false,"event":"first_error_found"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 10, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","where":"grafana","what":"region_opened","ref":"71","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 11, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","where":"grafana","what":"region_updated","ref":"71","group":"","mark":"acted","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 12, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","where":"irm","what":"acted","ref":"N1","group":"IQ7WZ2X9","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 13, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","where":"notify","what":"acted","ref":"","group":"","mark":"1","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 14, 1793880004000000, '{"at":"2026-11-05T12:00:04Z","fingerprint":"f2","starts_at":"2026-11-05T11:59:51Z","sender":"irm","delivery":"delivery-1","labels":{"alertname":"Order errors","shop":""},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 15, 1793880004000000, '{"at":"2026-11-05T12:00:04Z","fingerprint":"f3","starts_at":"2026-11-05T11:59:51Z","sender":"grafana-pull","delivery":"","labels":{"alertname":"Order errors"},"links":{},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 16, 1793880004000000, '{"at":"2026-11-05T12:00:04Z","fingerprint":"f4","starts_at":"2026-11-05T11:59:51Z","sender":"alertmanager","delivery":"","labels":{"alertname":"Order errors"},"links":{},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 17, 1793880020000000, '{"at":"2026-11-05T12:00:20Z","fingerprint":"f2","starts_at":"2026-11-05T11:59:51Z","sender":"irm","delivery":"","state_reason":"MissingSeries","truncated":true,"event":"alert_resolved"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 18, 1793880020000000, '{"at":"2026-11-05T12:00:20Z","fingerprint":"f3","starts_at":"2026-11-05T11:59:51Z","sender":"grafana-pull","delivery":"","state_reason":"NotListed","truncated":false,"event":"alert_resolved"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 19, 1793880022000000, '{"at":"2026-11-05T12:00:22Z","since":"2026-11-05T11:55:22Z","checks":[{"name":"error-logs","count":0,"linkless":0,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[],"good_orders":3,"traffic_unreadable":false,"lines":[],"failed_lines":[],"good_lines":["1762340401000000000-ff"],"first_line_at":"2026-11-05T11:59:40Z","floor":"2026-11-05T12:00:02Z","matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 20, 1793880022000000, '{"at":"2026-11-05T12:00:22Z","state":"recovered","reason":"order_seen","proof":"orders","good_orders":3,"stray":0,"by":"","why":"","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 21, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","where":"grafana","what":"region_closed","ref":"71","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 22, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","where":"irm","what":"recovered","ref":"N2","group":"IQ7WZ2X9","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 23, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","where":"irm","what":"acknowledged","ref":"","group":"IQ7WZ2X9","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 24, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","where":"irm","what":"resolved","ref":"","group":"IQ7WZ2X9","mark":"","refused":"403: not for service accounts","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4f8dv05yg0', 25, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","where":"notify","what":"recovered","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''people''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f5people","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-2","labels":{"alertname":"Order errors","shop":"people"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 4, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","act_at":"2026-11-05T12:00:32Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"threshold_reached","event":"report_planned"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 5, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","decision":"hold","state":"holding","reason":"veto_window","observed":null,"limit":null,"check":"","until":"2026-11-05T12:00:32Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 6, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","by":"ada","event":"vetoed"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 7, 1793880008000000, '{"at":"2026-11-05T12:00:08Z","by":"ada","act_at":"2026-11-05T12:00:37Z","event":"veto_undone"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 8, 1793880009000000, '{"at":"2026-11-05T12:00:09Z","by":"ada","event":"vetoed"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 9, 1793880019000000, '{"at":"2026-11-05T12:00:19Z","decision":"needs_human","state":"needs_human","reason":"vetoed","observed":null,"limit":null,"check":"","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 10, 1793880020000000, '{"at":"2026-11-05T12:00:20Z","where":"irm","what":"needs_human","ref":"N3","group":"IQ7WZ2X9","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 11, 1793880020000000, '{"at":"2026-11-05T12:00:20Z","where":"irm","what":"reopened","ref":"","group":"IQ7WZ2X9","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 12, 1793880021000000, '{"at":"2026-11-05T12:00:21Z","by":"bo","until":"2026-11-05T12:15:00Z","event":"paused"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 13, 1793880025000000, '{"at":"2026-11-05T12:00:25Z","by":"bo","event":"resumed"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 14, 1793880026000000, '{"at":"2026-11-05T12:00:26Z","by":"bo","until":null,"event":"paused"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 15, 1793880027000000, '{"at":"2026-11-05T12:00:27Z","by":"","event":"resumed"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 16, 1793880028000000, '{"at":"2026-11-05T12:00:28Z","by":"ada","text":"the oven is on fire","event":"noted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 17, 1793880029000000, '{"at":"2026-11-05T12:00:29Z","by":"ada","link":"link eeee","digest":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","event":"report_requested"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 18, 1793880030000000, '{"at":"2026-11-05T12:00:30Z","link":"link eeee","digest":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","reason":"asked_by_person","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 19, 1793880035000000, '{"at":"2026-11-05T12:00:35Z","link":"link eeee","digest":"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","outcome":"unknown","method":"","status":null,"message":"","seconds":5.0,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 20, 1793880040000000, '{"at":"2026-11-05T12:00:40Z","by":"ada","reported_at":"2026-11-05T12:00:38Z","event":"reported_by_hand"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 21, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"acknowledged","person":"cy","until":null,"event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 22, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"unacknowledged","person":"cy","until":null,"event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 23, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"resolved","person":"cy","until":null,"event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 24, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"unresolved","person":"cy","until":null,"event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 25, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"silenced","person":"cy","until":"2026-11-05T12:01:39Z","event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 26, 1793880041000000, '{"at":"2026-11-05T12:00:41Z","action":"unsilenced","person":"cy","until":null,"event":"person_acted"}');
INSERT INTO public.events VALUES ('01m8je4fbvdhtmd3', 27, 1793880060000000, '{"at":"2026-11-05T12:01:00Z","state":"closed","reason":"closed_by_person","proof":null,"good_orders":null,"stray":0,"by":"ada","why":"the supplier called back","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''shadow''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f6shadow","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-3","labels":{"alertname":"Order errors","shop":"shadow"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[{"name":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","seen_at":"2026-11-05T12:00:00Z","late":false}],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 4, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","decision":"withhold","state":"verifying","reason":"shadow","observed":null,"limit":null,"check":"","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 5, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"threshold_reached","event":"report_withheld"}');
INSERT INTO public.events VALUES ('01m8je4fdyg8jtvj', 6, 1793880090000000, '{"at":"2026-11-05T12:01:30Z","state":"stood_down","reason":"shadow","proof":null,"good_orders":null,"stray":0,"by":"","why":"","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''shared''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f7shared","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-4","labels":{"alertname":"Order errors","shop":"shared"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[{"name":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","seen_at":"2026-11-05T12:00:00Z","late":false}],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 4, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","incident":"1111111111111111","outcome":"nothing_to_resolve","answered_at":"2026-11-05T12:00:02Z","event":"report_shared"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 5, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","decision":"share","state":"verifying","reason":"report_shared","observed":null,"limit":null,"check":"","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4feer8bqx4', 6, 1793880900000000, '{"at":"2026-11-05T12:15:00Z","state":"recovered","reason":"errors_stopped","proof":"quiet","good_orders":null,"stray":2,"by":"","why":"","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''unread''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f8unread","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-5","labels":{"alertname":"Order errors","shop":"unread"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"unreachable","detail":"detail unreachable"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 4, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","since":"2026-11-05T11:55:02Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"timeout","detail":"detail timeout"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 5, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","since":"2026-11-05T11:55:03Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"unauthorized","detail":"detail unauthorized"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 6, 1793880004000000, '{"at":"2026-11-05T12:00:04Z","since":"2026-11-05T11:55:04Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"bad_query","detail":"detail bad_query"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 7, 1793880005000000, '{"at":"2026-11-05T12:00:05Z","since":"2026-11-05T11:55:05Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"too_much","detail":"detail too_much"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 8, 1793880006000000, '{"at":"2026-11-05T12:00:06Z","since":"2026-11-05T11:55:06Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"overloaded","detail":"detail overloaded"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 9, 1793880007000000, '{"at":"2026-11-05T12:00:07Z","since":"2026-11-05T11:55:07Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"server_error","detail":"detail server_error"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 10, 1793880008000000, '{"at":"2026-11-05T12:00:08Z","since":"2026-11-05T11:55:08Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"not_loki","detail":"detail not_loki"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 11, 1793880009000000, '{"at":"2026-11-05T12:00:09Z","since":"2026-11-05T11:55:09Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"partial","detail":"detail partial"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 12, 1793880010000000, '{"at":"2026-11-05T12:00:10Z","since":"2026-11-05T11:55:10Z","checks":[{"name":"error-logs","count":null,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":"storage","detail":"detail storage"}],"candidates":[],"good_orders":null,"traffic_unreadable":true,"lines":[],"failed_lines":[],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fewk9zxk4', 13, 1793880090000000, '{"at":"2026-11-05T12:01:30Z","state":"superseded","reason":"new_firing","proof":null,"good_orders":null,"stray":0,"by":"","why":"","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''catalogue''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f9catalogue","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-6","labels":{"alertname":"Order errors","shop":"catalogue"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 3, 1793880000000000, '{"at":"2026-11-05T12:00:00Z","decision":"hold","state":"investigating","reason":"alert_received","observed":0,"limit":1,"check":"error-logs","until":"2026-11-05T12:00:10Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 4, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","decision":"report","state":"holding","reason":"relapse","observed":1,"limit":2,"check":"error-logs","until":"2026-11-05T12:00:11Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 5, 1793880002000000, '{"at":"2026-11-05T12:00:02Z","decision":"share","state":"reporting","reason":"self_detected","observed":2,"limit":3,"check":"error-logs","until":"2026-11-05T12:00:12Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 6, 1793880003000000, '{"at":"2026-11-05T12:00:03Z","decision":"withhold","state":"verifying","reason":"opened_by_person","observed":3,"limit":4,"check":"error-logs","until":"2026-11-05T12:00:13Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 7, 1793880004000000, '{"at":"2026-11-05T12:00:04Z","decision":"verify","state":"needs_human","reason":"below_threshold","observed":4,"limit":5,"check":"error-logs","until":"2026-11-05T12:00:14Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 8, 1793880005000000, '{"at":"2026-11-05T12:00:05Z","decision":"needs_human","state":"investigating","reason":"logs_unreadable","observed":5,"limit":6,"check":"error-logs","until":"2026-11-05T12:00:15Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 9, 1793880006000000, '{"at":"2026-11-05T12:00:06Z","decision":"finish","state":"holding","reason":"no_link","observed":6,"limit":7,"check":"error-logs","until":"2026-11-05T12:00:16Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 10, 1793880007000000, '{"at":"2026-11-05T12:00:07Z","decision":"hold","state":"reporting","reason":"wrong_code","observed":7,"limit":8,"check":"error-logs","until":"2026-11-05T12:00:17Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 11, 1793880008000000, '{"at":"2026-11-05T12:00:08Z","decision":"report","state":"verifying","reason":"report_in_flight","observed":8,"limit":9,"check":"error-logs","until":"2026-11-05T12:00:18Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 12, 1793880009000000, '{"at":"2026-11-05T12:00:09Z","decision":"share","state":"needs_human","reason":"cooldown","observed":9,"limit":10,"check":"error-logs","until":"2026-11-05T12:00:19Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 13, 1793880010000000, '{"at":"2026-11-05T12:00:10Z","decision":"withhold","state":"investigating","reason":"breaker_open","observed":10,"limit":11,"check":"error-logs","until":"2026-11-05T12:00:20Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 14, 1793880011000000, '{"at":"2026-11-05T12:00:11Z","decision":"verify","state":"holding","reason":"paused","observed":11,"limit":12,"check":"error-logs","until":"2026-11-05T12:00:21Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 15, 1793880012000000, '{"at":"2026-11-05T12:00:12Z","decision":"needs_human","state":"reporting","reason":"veto_window","observed":12,"limit":13,"check":"error-logs","until":"2026-11-05T12:00:22Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 16, 1793880013000000, '{"at":"2026-11-05T12:00:13Z","decision":"finish","state":"verifying","reason":"vetoed","observed":13,"limit":14,"check":"error-logs","until":"2026-11-05T12:00:23Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 17, 1793880014000000, '{"at":"2026-11-05T12:00:14Z","decision":"hold","state":"needs_human","reason":"silenced","observed":14,"limit":15,"check":"error-logs","until":"2026-11-05T12:00:24Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 18, 1793880015000000, '{"at":"2026-11-05T12:00:15Z","decision":"report","state":"investigating","reason":"factory_refused","observed":15,"limit":16,"check":"error-logs","until":"2026-11-05T12:00:25Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 19, 1793880016000000, '{"at":"2026-11-05T12:00:16Z","decision":"share","state":"holding","reason":"factory_unreachable","observed":16,"limit":17,"check":"error-logs","until":"2026-11-05T12:00:26Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 20, 1793880017000000, '{"at":"2026-11-05T12:00:17Z","decision":"withhold","state":"reporting","reason":"unanswered","observed":17,"limit":18,"check":"error-logs","until":"2026-11-05T12:00:27Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 21, 1793880018000000, '{"at":"2026-11-05T12:00:18Z","decision":"verify","state":"verifying","reason":"threshold_reached","observed":18,"limit":19,"check":"error-logs","until":"2026-11-05T12:00:28Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 22, 1793880019000000, '{"at":"2026-11-05T12:00:19Z","decision":"needs_human","state":"needs_human","reason":"newer_link","observed":19,"limit":20,"check":"error-logs","until":"2026-11-05T12:00:29Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 23, 1793880020000000, '{"at":"2026-11-05T12:00:20Z","decision":"finish","state":"investigating","reason":"fix_did_not_hold","observed":20,"limit":21,"check":"error-logs","until":"2026-11-05T12:00:30Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 24, 1793880021000000, '{"at":"2026-11-05T12:00:21Z","decision":"hold","state":"holding","reason":"asked_by_person","observed":21,"limit":22,"check":"error-logs","until":"2026-11-05T12:00:31Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 25, 1793880022000000, '{"at":"2026-11-05T12:00:22Z","decision":"report","state":"reporting","reason":"reported","observed":22,"limit":23,"check":"error-logs","until":"2026-11-05T12:00:32Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 26, 1793880023000000, '{"at":"2026-11-05T12:00:23Z","decision":"share","state":"verifying","reason":"report_shared","observed":23,"limit":24,"check":"error-logs","until":"2026-11-05T12:00:33Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 27, 1793880024000000, '{"at":"2026-11-05T12:00:24Z","decision":"withhold","state":"needs_human","reason":"shadow","observed":24,"limit":25,"check":"error-logs","until":"2026-11-05T12:00:34Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 28, 1793880025000000, '{"at":"2026-11-05T12:00:25Z","decision":"verify","state":"investigating","reason":"errors_continue","observed":25,"limit":26,"check":"error-logs","until":"2026-11-05T12:00:35Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 29, 1793880026000000, '{"at":"2026-11-05T12:00:26Z","decision":"needs_human","state":"holding","reason":"max_reports","observed":26,"limit":27,"check":"error-logs","until":"2026-11-05T12:00:36Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 30, 1793880027000000, '{"at":"2026-11-05T12:00:27Z","decision":"finish","state":"reporting","reason":"unproven","observed":27,"limit":28,"check":"error-logs","until":"2026-11-05T12:00:37Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 31, 1793880028000000, '{"at":"2026-11-05T12:00:28Z","decision":"hold","state":"verifying","reason":"order_seen","observed":28,"limit":29,"check":"error-logs","until":"2026-11-05T12:00:38Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 32, 1793880029000000, '{"at":"2026-11-05T12:00:29Z","decision":"report","state":"needs_human","reason":"errors_stopped","observed":29,"limit":30,"check":"error-logs","until":"2026-11-05T12:00:39Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 33, 1793880030000000, '{"at":"2026-11-05T12:00:30Z","decision":"share","state":"investigating","reason":"supplier_confirmed","observed":30,"limit":31,"check":"error-logs","until":"2026-11-05T12:00:40Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 34, 1793880031000000, '{"at":"2026-11-05T12:00:31Z","decision":"withhold","state":"holding","reason":"alert_resolved","observed":31,"limit":32,"check":"error-logs","until":"2026-11-05T12:00:41Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 35, 1793880032000000, '{"at":"2026-11-05T12:00:32Z","decision":"verify","state":"reporting","reason":"not_confirmed","observed":32,"limit":33,"check":"error-logs","until":"2026-11-05T12:00:42Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 36, 1793880033000000, '{"at":"2026-11-05T12:00:33Z","decision":"needs_human","state":"verifying","reason":"new_firing","observed":33,"limit":34,"check":"error-logs","until":"2026-11-05T12:00:43Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 37, 1793880034000000, '{"at":"2026-11-05T12:00:34Z","decision":"finish","state":"needs_human","reason":"closed_by_person","observed":34,"limit":35,"check":"error-logs","until":"2026-11-05T12:00:44Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 38, 1793880035000000, '{"at":"2026-11-05T12:00:35Z","decision":"hold","state":"investigating","reason":"drill","observed":35,"limit":36,"check":"error-logs","until":"2026-11-05T12:00:45Z","event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 39, 1793880100000000, '{"at":"2026-11-05T12:01:40Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 78, 1793880300000000, '{"at":"2026-11-05T12:05:00Z","state":"recovered","reason":"supplier_confirmed","proof":"supplier","good_orders":0,"stray":0,"by":"","why":"","event":"finished"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 40, 1793880101000000, '{"at":"2026-11-05T12:01:41Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"resolved","method":"GET","status":200,"message":"answer resolved","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 41, 1793880101000000, '{"at":"2026-11-05T12:01:41Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 42, 1793880102000000, '{"at":"2026-11-05T12:01:42Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"nothing_to_resolve","method":"POST","status":200,"message":"answer nothing_to_resolve","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 43, 1793880102000000, '{"at":"2026-11-05T12:01:42Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 44, 1793880103000000, '{"at":"2026-11-05T12:01:43Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"wrong_code","method":"GET","status":200,"message":"answer wrong_code","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 45, 1793880103000000, '{"at":"2026-11-05T12:01:43Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 46, 1793880104000000, '{"at":"2026-11-05T12:01:44Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"refused","method":"POST","status":200,"message":"answer refused","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 47, 1793880104000000, '{"at":"2026-11-05T12:01:44Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 48, 1793880105000000, '{"at":"2026-11-05T12:01:45Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"unreachable","method":"GET","status":null,"message":"answer unreachable","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 49, 1793880105000000, '{"at":"2026-11-05T12:01:45Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","reason":"newer_link","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 50, 1793880106000000, '{"at":"2026-11-05T12:01:46Z","link":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","outcome":"unknown","method":"POST","status":null,"message":"answer unknown","seconds":0.5,"event":"report_answered"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 51, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"region_opened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 52, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"region_updated","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 53, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"region_closed","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 54, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"acted","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 55, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"needs_human","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 56, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"recovered","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 57, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"acknowledged","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 58, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"resolved","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 59, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"grafana","what":"reopened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 60, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"region_opened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 61, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"region_updated","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 62, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"region_closed","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 63, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"acted","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 64, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"needs_human","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 65, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"recovered","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 66, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"acknowledged","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 67, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"resolved","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 68, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"irm","what":"reopened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 69, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"region_opened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 70, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"region_updated","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 71, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"region_closed","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 72, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"acted","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 73, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"needs_human","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 74, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"recovered","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 75, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"acknowledged","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 76, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"resolved","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4ffrmc9zvd', 77, 1793880200000000, '{"at":"2026-11-05T12:03:20Z","where":"notify","what":"reopened","ref":"","group":"","mark":"","refused":"","event":"told"}');
INSERT INTO public.events VALUES ('01m8je4fp3z0x7b1', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''open''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fp3z0x7b1', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f10open","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-7","labels":{"alertname":"Order errors","shop":"open"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4fp3z0x7b1', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fp3z0x7b1', 4, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","decision":"hold","state":"holding","reason":"no_link","observed":7,"limit":5,"check":"error-logs","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4fpg2ds67e', 1, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","rule":"pizza-factory","group":"shop=''calling''","reason":"alert_received","sender":"grafana","relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fpg2ds67e', 2, 1795915136085581, '{"at":"2026-11-29T01:18:56.085581Z","fingerprint":"f12calling","starts_at":"2026-11-05T12:00:00Z","sender":"grafana","delivery":"delivery-8","labels":{"alertname":"Order errors","shop":"calling"},"links":{"panel":"https://grafana.example.com/d/1"},"event":"alert_fired"}');
INSERT INTO public.events VALUES ('01m8je4fpg2ds67e', 3, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","since":"2026-11-05T11:55:01Z","checks":[{"name":"error-logs","count":7,"linkless":1,"at_least":false,"threshold":5,"since":"2026-11-05T11:55:00Z","until":"2026-11-05T12:00:01Z","unreadable":null,"detail":""}],"candidates":[{"name":"link dddd","digest":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd","seen_at":"2026-11-05T12:00:00Z","late":false}],"good_orders":null,"traffic_unreadable":false,"lines":["1762340380000000000-aa","1762340381000000000-bb"],"failed_lines":["1762340380000000000-cc"],"good_lines":[],"first_line_at":"2026-11-05T11:59:40Z","floor":null,"matched":0,"event":"looked"}');
INSERT INTO public.events VALUES ('01m8je4fpg2ds67e', 4, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","decision":"report","state":"reporting","reason":"threshold_reached","observed":null,"limit":null,"check":"","until":null,"event":"decided"}');
INSERT INTO public.events VALUES ('01m8je4fpg2ds67e', 5, 1793880001000000, '{"at":"2026-11-05T12:00:01Z","link":"link ffff","digest":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","reason":"threshold_reached","event":"report_intended"}');
INSERT INTO public.events VALUES ('01m8je4fpy4j6nhq', 1, 1793880400000000, '{"at":"2026-11-05T12:06:40Z","rule":"pizza-factory","group":"shop=''relapse''","reason":"relapse","sender":null,"relapse_of":"01m8je4f8dv05yg0","by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fq20j391v', 1, 1793880400000000, '{"at":"2026-11-05T12:06:40Z","rule":"pizza-factory","group":"shop=''watch''","reason":"self_detected","sender":null,"relapse_of":null,"by":"","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fq749p674', 1, 1793880400000000, '{"at":"2026-11-05T12:06:40Z","rule":"pizza-factory","group":"shop=''hand''","reason":"opened_by_person","sender":null,"relapse_of":null,"by":"ada","drill":"","event":"opened"}');
INSERT INTO public.events VALUES ('01m8je4fqax5ym03', 1, 1793880400000000, '{"at":"2026-11-05T12:06:40Z","rule":"pizza-factory","group":"drill","reason":"alert_received","sender":null,"relapse_of":null,"by":"","drill":"drill-7","event":"opened"}');
INSERT INTO public.factories VALUES ('pizza-factory.example.com', 1793880102000000, 11);
INSERT INTO public.firings VALUES ('f1', 'pizza-factory', 1793880000000000, '01m8je4f8dv05yg0', false, 1795915136269250);
INSERT INTO public.firings VALUES ('f5people', 'pizza-factory', 1793880000000000, '01m8je4fbvdhtmd3', false, 1795915136379280);
INSERT INTO public.firings VALUES ('f6shadow', 'pizza-factory', 1793880000000000, '01m8je4fdyg8jtvj', false, 1795915136446232);
INSERT INTO public.firings VALUES ('f7shared', 'pizza-factory', 1793880000000000, '01m8je4feer8bqx4', false, 1795915136462349);
INSERT INTO public.firings VALUES ('f8unread', 'pizza-factory', 1793880000000000, '01m8je4fewk9zxk4', false, 1795915136476392);
INSERT INTO public.firings VALUES ('f9catalogue', 'pizza-factory', 1793880000000000, '01m8je4ffrmc9zvd', false, 1795915136504417);
INSERT INTO public.firings VALUES ('f10open', 'pizza-factory', 1793880000000000, '01m8je4fp3z0x7b1', false, 1795915136707104);
INSERT INTO public.firings VALUES ('f12calling', 'pizza-factory', 1793880000000000, '01m8je4fpg2ds67e', false, 1795915136720898);
INSERT INTO public.gaps VALUES (1762341000000000, 1762341060000000);
INSERT INTO public.incidents VALUES ('01m8je4fewk9zxk4', 'pizza-factory', 'shop=''unread''', 'superseded', 'new_firing', NULL, 1795915136085581, 1793880000000000, 1793879980000000, NULL, 1793880090000000, 0, 0, 13, 1795915136476392, false, 'a648ca250284ed4f', 1795915140476392, 1795915136085581, 1793880010000000, NULL, false, '[]', '', '[]', NULL, 'alert_received', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fbvdhtmd3', 'pizza-factory', 'shop=''people''', 'closed', 'closed_by_person', NULL, 1795915136085581, 1793880000000000, 1793879980000000, 1793880030000000, 1793880060000000, 2, 1, 27, 1795915136379280, false, '60a3745c3e63fa8a', 1795915140379280, 1795915136085581, 1793880001000000, NULL, false, '[]', '', '[{"at": 1793880030000000, "link": "link eeee", "method": "", "outcome": "unknown", "status": null, "message": "", "seconds": 5.0}]', 'unknown', 'alert_received', NULL, true, NULL, NULL, 1793880038000000, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fdyg8jtvj', 'pizza-factory', 'shop=''shadow''', 'stood_down', 'shadow', NULL, 1795915136085581, 1793880000000000, 1793879980000000, NULL, 1793880090000000, 2, 1, 6, 1795915136446232, false, 'aa8d7c9ae005fde7', 1795915140446232, 1795915136085581, 1793880001000000, NULL, false, '[]', '', '[]', NULL, 'alert_received', NULL, true, NULL, 1793880001000000, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4feer8bqx4', 'pizza-factory', 'shop=''shared''', 'recovered', 'errors_stopped', 'quiet', 1795915136085581, 1793880000000000, 1793879980000000, NULL, 1793880900000000, 2, 1, 6, 1795915136462349, false, 'f3bf61a29eedb1e4', 1795915140462349, 1795915136085581, 1793880001000000, NULL, false, '[]', '', '[]', NULL, 'alert_received', NULL, true, '1111111111111111', NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4f8dv05yg0', 'pizza-factory', 'shop=''''', 'recovered', 'order_seen', 'orders', 1795915136085581, 1793879991000000, 1793879975000000, 1793880001000000, 1793880022000000, 3, 2, 25, 1795915136269250, false, 'edcba3224a660c22', 1795915140269250, 1795915136085581, 1793880022000000, NULL, false, '["IQ7WZ2X9"]', '', '[{"at": 1793880001000000, "link": "link dddd", "method": "GET", "outcome": "resolved", "status": 200, "message": "Problem resolved. Pizza is back on the menu!", "seconds": 0.2}]', 'resolved', 'alert_received', NULL, true, NULL, NULL, NULL, 'agreed');
INSERT INTO public.incidents VALUES ('01m8je4ffrmc9zvd', 'pizza-factory', 'shop=''catalogue''', 'recovered', 'supplier_confirmed', 'supplier', 1795915136085581, 1793880000000000, NULL, 1793880100000000, 1793880300000000, 0, 0, 78, 1795915136504417, false, 'ce3d4db59ff0b916', 1795915140504417, 1795915136085581, NULL, NULL, false, '[]', '', '[{"at": 1793880100000000, "link": "link dddd", "method": "GET", "outcome": "resolved", "status": 200, "message": "answer resolved", "seconds": 0.5}, {"at": 1793880101000000, "link": "link dddd", "method": "POST", "outcome": "nothing_to_resolve", "status": 200, "message": "answer nothing_to_resolve", "seconds": 0.5}, {"at": 1793880102000000, "link": "link dddd", "method": "GET", "outcome": "wrong_code", "status": 200, "message": "answer wrong_code", "seconds": 0.5}, {"at": 1793880103000000, "link": "link dddd", "method": "POST", "outcome": "refused", "status": 200, "message": "answer refused", "seconds": 0.5}, {"at": 1793880104000000, "link": "link dddd", "method": "GET", "outcome": "unreachable", "status": null, "message": "answer unreachable", "seconds": 0.5}, {"at": 1793880105000000, "link": "link dddd", "method": "POST", "outcome": "unknown", "status": null, "message": "answer unknown", "seconds": 0.5}]', 'unknown', 'alert_received', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fqax5ym03', 'pizza-factory', 'drill', 'investigating', 'alert_received', NULL, 1793880400000000, NULL, NULL, NULL, NULL, 0, 0, 1, 1793880610000000, true, '64a419c1b022c501', 1795915140750990, 1793880400000000, NULL, NULL, false, '[]', '', '[]', NULL, 'alert_received', 'drill-7', true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fpg2ds67e', 'pizza-factory', 'shop=''calling''', 'reporting', 'threshold_reached', NULL, 1795915136085581, 1793880000000000, 1793879980000000, 1793880001000000, NULL, 2, 1, 5, 1793880610000000, true, '3a5cf0a22407f307', 1795915140720898, 1795915136085581, 1793880001000000, NULL, false, '[]', '', '[]', NULL, 'alert_received', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fq749p674', 'pizza-factory', 'shop=''hand''', 'investigating', 'opened_by_person', NULL, 1793880400000000, NULL, NULL, NULL, NULL, 0, 0, 1, 1793880610000000, true, 'afcf272f01a0320c', 1795915140746626, 1793880400000000, NULL, NULL, false, '[]', '', '[]', NULL, 'opened_by_person', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fp3z0x7b1', 'pizza-factory', 'shop=''open''', 'holding', 'no_link', NULL, 1795915136085581, 1793880000000000, 1793879980000000, NULL, NULL, 2, 1, 4, 1793880610000000, true, 'b6af7d582eab9a7a', 1795915140707104, 1795915136085581, 1793880001000000, NULL, false, '[]', '', '[]', NULL, 'alert_received', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fpy4j6nhq', 'pizza-factory', 'shop=''relapse''', 'investigating', 'relapse', NULL, 1793880400000000, NULL, NULL, NULL, NULL, 0, 0, 1, 1793880610000000, true, 'e515ab96cb36ce09', 1795915140738780, 1793880400000000, NULL, '01m8je4f8dv05yg0', false, '[]', '', '[]', NULL, 'relapse', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.incidents VALUES ('01m8je4fq20j391v', 'pizza-factory', 'shop=''watch''', 'investigating', 'self_detected', NULL, 1793880400000000, NULL, NULL, NULL, NULL, 0, 0, 1, 1793880610000000, true, 'b00eb108e14aea5e', 1795915140743268, 1793880400000000, NULL, NULL, false, '[]', '', '[]', NULL, 'self_detected', NULL, true, NULL, NULL, NULL, NULL);
INSERT INTO public.life VALUES (1, 1762340000000000, 1762344000000000, false);
INSERT INTO public.links VALUES ('pizza-factory.example.com', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 'link eeee', 'unknown', 1793880035000000, '01m8je4fbvdhtmd3', false, 1793880035000000, 1, NULL, NULL);
INSERT INTO public.links VALUES ('pizza-factory.example.com', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 'link dddd', 'unknown', 1793880106000000, '01m8je4ffrmc9zvd', true, 1793880106000000, 1, NULL, NULL);
INSERT INTO public.links VALUES ('pizza-factory.example.com', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'link ffff', NULL, NULL, NULL, false, NULL, 0, 1793880001000000, '01m8je4fpg2ds67e');
INSERT INTO public.trials VALUES ('pizza-factory', 1762341000000000, '{}');
SELECT pg_catalog.setval('public.calls_id_seq', 5, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY public.brakes
    ADD CONSTRAINT brakes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.delivery_incidents
    ADD CONSTRAINT delivery_incidents_pkey PRIMARY KEY (incident, delivery);
ALTER TABLE ONLY public.drills
    ADD CONSTRAINT drills_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.duties
    ADD CONSTRAINT duties_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.errands
    ADD CONSTRAINT errands_pkey PRIMARY KEY (incident, place);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (incident, seq);
ALTER TABLE ONLY public.factories
    ADD CONSTRAINT factories_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.firings
    ADD CONSTRAINT firings_pkey PRIMARY KEY (fingerprint, rule, starts_at);
ALTER TABLE ONLY public.gaps
    ADD CONSTRAINT gaps_pkey PRIMARY KEY (since);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.life
    ADD CONSTRAINT life_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (factory, digest);
ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_pkey PRIMARY KEY (rule);
CREATE INDEX deliveries_heartbeat ON public.deliveries USING btree (received_at, id) WHERE (kinds ~~ '%,heartbeat,%'::text);
CREATE INDEX deliveries_ignored ON public.deliveries USING btree (received_at, id) WHERE (kinds ~~ '%,ignored,%'::text);
CREATE INDEX deliveries_newest ON public.deliveries USING btree (received_at, id);
CREATE INDEX deliveries_test ON public.deliveries USING btree (received_at, id) WHERE (kinds ~~ '%,test,%'::text);
CREATE INDEX incidents_counted ON public.incidents USING btree (rule, state);
CREATE INDEX incidents_drills ON public.incidents USING btree (rule, state) WHERE (drill IS NOT NULL);
CREATE INDEX incidents_ended ON public.incidents USING btree (ended_at);
CREATE INDEX incidents_judged ON public.incidents USING btree (rule, agreement) WHERE (agreement IS NOT NULL);
CREATE INDEX incidents_newest ON public.incidents USING btree (opened_at, id);
CREATE UNIQUE INDEX incidents_one_open ON public.incidents USING btree (rule, grp) WHERE (ended_at IS NULL);
CREATE INDEX incidents_reported ON public.incidents USING btree (rule, opened_at) WHERE (reported_at IS NOT NULL);
CREATE INDEX incidents_untold ON public.incidents USING btree (id) WHERE (untold IS TRUE);
CREATE INDEX ix_calls_at ON public.calls USING btree (at);
CREATE INDEX ix_delivery_incidents_delivery ON public.delivery_incidents USING btree (delivery);
CREATE INDEX ix_drills_at ON public.drills USING btree (at);
CREATE INDEX ix_errands_due_at ON public.errands USING btree (due_at);
CREATE INDEX ix_firings_incident ON public.firings USING btree (incident);
CREATE INDEX ix_incidents_due_at ON public.incidents USING btree (due_at);
