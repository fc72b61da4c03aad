/* SPDX-License-Identifier: MIT */
/*
 * dhcp/client_test.c - every state and every edge of RFC 2131 figure 5, on a clock of the test's:
 * what is sent when, from where, to whom, and what the link has afterwards.
 */
#include "support/dhcp_lab.h"

#include "wire/addr.h"

static struct lab b;

static enum aksu_dhcp_state state_now(void) { return aksu_dhcp_state(b.d); }

static bool has(const struct lab_message *t, uint8_t code, const char *addr)
{
	struct aksu_addr a, want = lab_addr(addr);

	return dhcp_addr(&t->m, code, &a) && addr_eq(&a, &want);
}

static bool same(const struct aksu_addr *a, const char *text)
{
	struct aksu_addr want = lab_addr(text);

	return addr_eq(a, &want);
}

static bool absent(const struct lab_message *t, uint8_t code)
{
	struct dhcp_value v;

	return !dhcp_option(&t->m, code, &v);
}

/* Whether the stack would take a packet for the address as its own: a socket may be bound to it. */
static bool link_has(const char *addr)
{
	struct aksu_endpoint at = {lab_addr(addr), 5000};
	aksu_socket u = aksu_socket_udp(b.s);
	bool mine = aksu_bind(b.s, u, &at) == 0;

	aksu_close(b.s, u, b.now);
	return mine;
}

/* Whether packets to the address find a way. */
static bool reaches(const char *addr)
{
	struct aksu_endpoint to = {lab_addr(addr), 9};
	aksu_socket u = aksu_socket_udp(b.s);
	bool way = aksu_connect(b.s, u, &to, b.now) == 0;

	aksu_close(b.s, u, b.now);
	return way;
}

static void from_nobody_to_all(const struct lab_message *t)
{
	assert_true(mac_eq(t->to, MAC_BROADCAST));
	assert_true(same(&t->src, "0.0.0.0"));
	assert_true(same(&t->dst, "255.255.255.255"));
	assert_true(t->m.broadcast);
	assert_true(addr_is_unspecified(&t->m.ciaddr));
}

/* Within a second of so many seconds after a moment. */
static void about(aksu_time at, aksu_time from, unsigned s)
{
	assert_true(at >= from + (s - 1) * AKSU_SECOND && at <= from + (s + 1) * AKSU_SECOND);
}

/* ------------------------------------------------------------------ to an address */

static void rfc2131_3_1_four_messages_give_an_address(void **state)
{
	const struct lab_message *t;
	const struct aksu_dhcp_lease *l;
	struct dhcp_value v;
	uint32_t xid;
	uint16_t size;

	(void)state;
	lab_start(&b, NULL);
	assert_int_equal(state_now(), AKSU_DHCP_INIT);
	lab_turn(&b);
	assert_int_equal(state_now(), AKSU_DHCP_SELECTING);
	t = lab_expect(&b, DHCP_DISCOVER);
	from_nobody_to_all(t);
	assert_true(t->len >= DHCP_LEN_MIN);
	assert_int_equal(t->m.secs, 0);
	assert_true(absent(t, DHCP_SERVER) && absent(t, DHCP_REQUESTED) &&
		    absent(t, DHCP_HOSTNAME));
	assert_true(dhcp_option(&t->m, DHCP_CLIENT_ID, &v));
	assert_int_equal(v.len, 7);
	assert_memory_equal(v.b, "\1\2\0\0\0\0\1", 7);
	assert_true(dhcp_option(&t->m, DHCP_PARAMETERS, &v));
	assert_true(memchr(v.b, DHCP_ROUTES, v.len) < memchr(v.b, DHCP_ROUTER, v.len));
	assert_true(dhcp_u16(&t->m, DHCP_SIZE_MAX, &size) && size >= 576);
	xid = t->m.xid;
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);

	assert_int_equal(state_now(), AKSU_DHCP_REQUESTING);
	t = lab_expect(&b, DHCP_REQUEST);
	from_nobody_to_all(t);
	assert_int_equal(t->m.xid, xid);
	assert_true(has(t, DHCP_REQUESTED, "10.0.0.50") && has(t, DHCP_SERVER, "10.0.0.1"));
	assert_null(aksu_dhcp_lease(b.d));
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT);

	assert_int_equal(state_now(), AKSU_DHCP_CHECKING);
	assert_false(link_has("10.0.0.50"));
	lab_pass(&b, AKSU_SECOND);
	assert_int_equal(b.probes, 3 + 1); /* the link asks once itself about what it is given */
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	l = aksu_dhcp_lease(b.d);
	assert_true(same(&l->addr, "10.0.0.50") && same(&l->server, "10.0.0.1"));
	assert_int_equal(l->prefix, 24);
	assert_int_equal(l->since, t->at); /* RFC 2131 4.4.1: from when it was asked for */
	assert_int_equal(l->expiry, t->at + 3600 * AKSU_SECOND);
	assert_true(link_has("10.0.0.50") && reaches("10.0.0.9") && reaches("192.0.2.1"));
	lab_news(&b, AKSU_DHCP_GOT, NULL);
	lab_silent(&b);
	lab_end(&b);
}

static void a_hostname_and_a_client_id_are_said(void **state)
{
	struct aksu_dhcp_config c = {
		.hostname = "aksu",
		.client_id = (const uint8_t *)"\0box",
		.client_id_len = 4,
		.probe_interval = AKSU_NEVER,
	};
	const struct lab_message *t;
	struct dhcp_value v;

	(void)state;
	lab_start(&b, &c);
	lab_turn(&b);
	t = lab_expect(&b, DHCP_DISCOVER);
	assert_true(dhcp_option(&t->m, DHCP_HOSTNAME, &v) && v.len == 4);
	assert_memory_equal(v.b, "aksu", 4);
	assert_true(dhcp_option(&t->m, DHCP_CLIENT_ID, &v) && v.len == 4);
	assert_memory_equal(v.b, "\0box", 4);
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &LAB_GIFT);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND); /* without asking the link */
	assert_int_equal(b.probes, 0 + 1);
	lab_end(&b);
}

/* 4, 8, 16, 32, 64, 64 s apart, a second more or less; `secs` tells for how long. */
static void rfc2131_4_1_a_discover_is_repeated_more_and_more_slowly(void **state)
{
	static const unsigned gap[] = {4, 8, 16, 32, 64, 64, 64};
	const struct lab_message *t;
	aksu_time last, first;
	uint32_t xid;

	(void)state;
	lab_start(&b, NULL);
	lab_pass(&b, 300 * AKSU_SECOND);
	t = lab_expect(&b, DHCP_DISCOVER);
	first = last = t->at;
	xid = t->m.xid;
	for (size_t i = 0; i < 7 && (t = lab_hear(&b)) != NULL; i++) {
		about(t->at, last, gap[i]);
		assert_int_equal(t->m.kind, DHCP_DISCOVER);
		assert_int_equal(t->m.secs, (t->at - first) / AKSU_SECOND);
		assert_int_equal(t->m.xid, xid);
		last = t->at;
	}
	assert_true(last > first + 180 * AKSU_SECOND);
	lab_end(&b);
}

static void rfc2131_4_4_1_the_first_message_may_wait(void **state)
{
	struct aksu_dhcp_config c = {.start_delay = 10 * AKSU_SECOND, .entropy = {3}};

	(void)state;
	lab_start(&b, &c);
	lab_turn(&b);
	lab_silent(&b);
	assert_true(aksu_dhcp_deadline(b.d) < b.now + 10 * AKSU_SECOND);
	lab_pass(&b, 10 * AKSU_SECOND);
	lab_expect(&b, DHCP_DISCOVER);
	lab_end(&b);
}

/* Four times, 60 s in all (3.1 (5)); then from the beginning, as another transaction. */
static void rfc2131_3_1_5_a_request_without_an_answer_ends(void **state)
{
	const struct lab_message *t;
	aksu_time first;
	uint32_t xid;
	uint16_t secs;

	(void)state;
	lab_start(&b, NULL);
	lab_pass(&b, 5 * AKSU_SECOND);
	lab_expect(&b, DHCP_DISCOVER);
	t = lab_expect(&b, DHCP_DISCOVER);
	secs = t->m.secs;
	assert_true(secs > 0);
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);
	lab_pass(&b, 66 * AKSU_SECOND);
	t = lab_expect(&b, DHCP_REQUEST);
	first = t->at;
	xid = t->m.xid;
	assert_int_equal(t->m.secs, secs); /* as the DISCOVER, for relays (3.1 (3)) */
	for (int i = 0; i < 3; i++) {
		t = lab_expect(&b, DHCP_REQUEST);
		assert_int_equal(t->m.xid, xid);
		assert_int_equal(t->m.secs, secs);
	}
	t = lab_expect(&b, DHCP_DISCOVER);
	assert_true(t->at >= first + 56 * AKSU_SECOND && t->at <= first + 64 * AKSU_SECOND);
	assert_int_not_equal(t->m.xid, xid);
	assert_int_equal(t->m.secs, 0);
	lab_end(&b);
}

static void the_first_good_offer_is_taken(void **state)
{
	struct lab_gift bad = LAB_GIFT, other = LAB_GIFT;
	const struct lab_message *t;
	struct aksu_dhcp_news news;

	(void)state;
	bad.mask = "255.0.255.0";
	other.server = "10.0.0.2";
	other.addr = "10.0.0.60";
	lab_start(&b, NULL);
	lab_turn(&b);
	t = lab_expect(&b, DHCP_DISCOVER);
	lab_say(&b, t, DHCP_OFFER, &bad);
	assert_int_equal(state_now(), AKSU_DHCP_SELECTING);
	lab_news(&b, AKSU_DHCP_REFUSED, &news);
	assert_non_null(strstr(news.why, "mask"));
	lab_say(&b, t, DHCP_OFFER, &other);
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT); /* too late */
	t = lab_expect(&b, DHCP_REQUEST);
	assert_true(has(t, DHCP_SERVER, "10.0.0.2"));
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT); /* of a server that was not chosen */
	assert_int_equal(state_now(), AKSU_DHCP_REQUESTING);
	lab_say(&b, t, DHCP_ACK, &other);
	assert_int_equal(state_now(), AKSU_DHCP_CHECKING);
	lab_end(&b);
}

/* ------------------------------------------------------------------ keeping it */

static void rfc2131_4_4_5_renews_by_unicast_at_t1(void **state)
{
	const struct lab_message *t;
	const struct aksu_dhcp_lease *l;
	aksu_time t1, expiry;

	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	l = aksu_dhcp_lease(b.d);
	t1 = l->t1;
	expiry = l->expiry;
	assert_true(t1 <= l->since + 1800 * AKSU_SECOND && t1 >= l->since + 1680 * AKSU_SECOND);
	lab_pass_until(&b, t1 - 1);
	lab_silent(&b);
	lab_pass_until(&b, t1);
	assert_int_equal(state_now(), AKSU_DHCP_RENEWING);
	t = lab_expect(&b, DHCP_REQUEST);
	assert_true(mac_eq(t->to, LAB_SERVER));
	assert_true(same(&t->src, "10.0.0.50") && same(&t->dst, "10.0.0.1"));
	assert_true(same(&t->m.ciaddr, "10.0.0.50"));
	assert_false(t->m.broadcast);
	assert_true(absent(t, DHCP_SERVER) && absent(t, DHCP_REQUESTED));
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	assert_int_equal(b.probes, 3 + 1); /* it is ours: nobody is asked again */
	lab_news(&b, AKSU_DHCP_RENEWED, NULL);
	assert_int_equal(aksu_dhcp_lease(b.d)->expiry, t->at + 3600 * AKSU_SECOND);
	assert_true(aksu_dhcp_lease(b.d)->expiry > expiry);
	lab_pass_until(&b, expiry + AKSU_SECOND);
	assert_true(link_has("10.0.0.50"));
	lab_end(&b);
}

/* Half of what is left until T2, then until the end, but not oftener than once a minute. */
static void rfc2131_4_4_5_rebinds_by_broadcast_at_t2_and_ends_at_expiry(void **state)
{
	const struct lab_message *t;
	struct aksu_dhcp_lease l;
	struct aksu_dhcp_news news;
	aksu_time last;

	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	l = *aksu_dhcp_lease(b.d);
	lab_pass_until(&b, l.t2 - 1);
	assert_int_equal(state_now(), AKSU_DHCP_RENEWING);
	last = 0;
	while ((t = lab_hear(&b)) != NULL) {
		assert_int_equal(t->m.kind, DHCP_REQUEST);
		assert_true(mac_eq(t->to, LAB_SERVER));
		assert_true(last == 0 || t->at - last == (l.t2 - last) / 2 ||
			    t->at - last == 60 * AKSU_SECOND);
		last = t->at;
	}
	assert_true(last > l.t2 - 120 * AKSU_SECOND);
	lab_pass_until(&b, l.t2);
	assert_int_equal(state_now(), AKSU_DHCP_REBINDING);
	t = lab_expect(&b, DHCP_REQUEST);
	assert_true(mac_eq(t->to, MAC_BROADCAST));
	assert_true(same(&t->src, "10.0.0.50") && same(&t->dst, "255.255.255.255"));
	assert_true(same(&t->m.ciaddr, "10.0.0.50"));
	lab_pass_until(&b, l.expiry - 1);
	assert_true(link_has("10.0.0.50"));
	while ((t = lab_hear(&b)) != NULL)
		assert_int_equal(t->m.kind, DHCP_REQUEST);
	lab_pass_until(&b, l.expiry);
	assert_false(link_has("10.0.0.50"));
	assert_false(reaches("10.0.0.9") || reaches("192.0.2.1"));
	assert_null(aksu_dhcp_lease(b.d));
	lab_news(&b, AKSU_DHCP_LOST, &news);
	assert_true(same(&news.addr, "10.0.0.50"));
	from_nobody_to_all(lab_expect(&b, DHCP_DISCOVER)); /* again, and at once */
	lab_end(&b);
}

static void rfc2131_4_4_5_any_server_may_rebind(void **state)
{
	struct lab_gift other = LAB_GIFT;
	const struct lab_message *t;

	(void)state;
	other.server = "10.0.0.2";
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t1);
	t = lab_expect(&b, DHCP_REQUEST);
	lab_say(&b, t, DHCP_ACK, &other); /* while it asks its own server, no other counts */
	assert_int_equal(state_now(), AKSU_DHCP_RENEWING);
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t2);
	while (state_now() == AKSU_DHCP_REBINDING && (t = lab_hear(&b)) != NULL)
		if (mac_eq(t->to, MAC_BROADCAST))
			lab_say(&b, t, DHCP_ACK, &other);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	assert_true(same(&aksu_dhcp_lease(b.d)->server, "10.0.0.2"));
	lab_end(&b);
}

static void times_of_renewal_are_the_servers_where_they_make_sense(void **state)
{
	struct lab_gift g = LAB_GIFT;
	const struct aksu_dhcp_lease *l;

	(void)state;
	g.t1 = 100;
	g.t2 = 200;
	lab_start(&b, NULL);
	lab_bind(&b, &g);
	l = aksu_dhcp_lease(b.d);
	assert_int_equal(l->t1, l->since + 100 * AKSU_SECOND);
	assert_int_equal(l->t2, l->since + 200 * AKSU_SECOND);
	lab_end(&b);

	g.t1 = 300; /* after T2: both are our own */
	lab_start(&b, NULL);
	lab_bind(&b, &g);
	l = aksu_dhcp_lease(b.d);
	assert_true(l->t1 > l->since + 1600 * AKSU_SECOND && l->t2 > l->since + 3000 * AKSU_SECOND);
	assert_true(l->t1 < l->t2 && l->t2 < l->expiry);
	lab_end(&b);
}

static void rfc2131_3_3_an_infinite_lease_is_never_renewed(void **state)
{
	struct lab_gift g = LAB_GIFT;

	(void)state;
	g.lease = UINT32_MAX;
	lab_start(&b, NULL);
	lab_bind(&b, &g);
	assert_int_equal(aksu_dhcp_lease(b.d)->expiry, AKSU_NEVER);
	assert_int_equal(aksu_dhcp_deadline(b.d), AKSU_NEVER);
	lab_pass(&b, 1000000 * AKSU_SECOND);
	lab_silent(&b);
	assert_true(link_has("10.0.0.50"));
	lab_end(&b);
}

/* The longest finite lease, on a clock that has run for centuries, does not come round. */
static void the_longest_lease_does_not_overflow(void **state)
{
	struct lab_gift g = LAB_GIFT;

	(void)state;
	g.lease = UINT32_MAX - 1;
	lab_start(&b, NULL);
	b.now = UINT64_MAX - 3000000000 * AKSU_SECOND;
	lab_bind(&b, &g);
	assert_int_equal(aksu_dhcp_lease(b.d)->expiry, AKSU_NEVER);
	assert_true(aksu_dhcp_lease(b.d)->t1 > b.now);
	lab_end(&b);
}

/* The caller's clock ran on while nobody looked: what ended has ended, without a question first. */
static void a_lease_that_ended_during_a_pause_is_not_used(void **state)
{
	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	b.now += 4000 * AKSU_SECOND;
	lab_turn(&b);
	assert_false(link_has("10.0.0.50"));
	lab_expect(&b, DHCP_DISCOVER);
	lab_silent(&b);
	lab_news(&b, AKSU_DHCP_LOST, NULL);
	lab_end(&b);
}

static void a_pause_beyond_t2_leads_to_rebinding(void **state)
{
	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	b.now = aksu_dhcp_lease(b.d)->t2 + AKSU_SECOND;
	lab_turn(&b);
	assert_int_equal(state_now(), AKSU_DHCP_REBINDING);
	assert_true(mac_eq(lab_expect(&b, DHCP_REQUEST)->to, MAC_BROADCAST));
	lab_silent(&b);
	lab_end(&b);
}

/* ------------------------------------------------------------------ no */

static void rfc2131_3_2_4_a_nak_while_renewing_takes_the_address(void **state)
{
	struct lab_gift no = {.server = "10.0.0.1"}, other = {.server = "10.0.0.2"};
	const struct lab_message *t;

	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t1);
	t = lab_expect(&b, DHCP_REQUEST);
	lab_say(&b, t, DHCP_NAK, &other);                           /* not its server */
	lab_say(&b, t, DHCP_NAK, &(struct lab_gift){.addr = NULL}); /* nobody's */
	assert_int_equal(state_now(), AKSU_DHCP_RENEWING);
	lab_say(&b, t, DHCP_NAK, &no);
	assert_false(link_has("10.0.0.50"));
	lab_news(&b, AKSU_DHCP_REFUSED, NULL);
	lab_news(&b, AKSU_DHCP_LOST, NULL);
	assert_int_equal(lab_expect(&b, DHCP_DISCOVER)->at, b.now);
	lab_end(&b);
}

/* A server, or a liar, that says no to everything is not asked at the speed of the network. */
static void a_row_of_naks_is_answered_more_and_more_slowly(void **state)
{
	struct lab_gift no = {.server = "10.0.0.1"};
	const struct lab_message *t;
	aksu_time last = 0, gap[4];

	(void)state;
	lab_start(&b, NULL);
	for (int i = 0; i < 4; i++) {
		lab_turn(&b);
		while ((t = lab_hear(&b)) == NULL)
			lab_pass(&b, AKSU_SECOND);
		gap[i] = t->at - last;
		last = t->at;
		lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);
		lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_NAK, &no);
	}
	assert_int_equal(gap[1], 0); /* once it is a change of network, and that is quick */
	assert_true(gap[2] >= 3 * AKSU_SECOND && gap[3] >= 7 * AKSU_SECOND);
	lab_end(&b);
}

static void an_answer_to_another_question_is_ignored(void **state)
{
	struct lab_gift no = {.server = "10.0.0.1"};
	struct lab_message wrong;
	const struct lab_message *t;

	(void)state;
	lab_start(&b, NULL);
	lab_turn(&b);
	t = lab_expect(&b, DHCP_DISCOVER);
	wrong = *t;
	wrong.m.xid ^= 1;
	lab_say(&b, &wrong, DHCP_OFFER, &LAB_GIFT);
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT); /* not asked for yet */
	lab_say(&b, t, DHCP_NAK, &no);
	assert_int_equal(state_now(), AKSU_DHCP_SELECTING);
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);
	t = lab_expect(&b, DHCP_REQUEST);
	wrong = *t;
	wrong.m.xid++;
	lab_say(&b, &wrong, DHCP_ACK, &LAB_GIFT);
	assert_int_equal(state_now(), AKSU_DHCP_REQUESTING);
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT);
	lab_pass(&b, AKSU_SECOND);
	lab_say(&b, t, DHCP_NAK, &no); /* a late one, for what is over */
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	lab_silent(&b);
	lab_end(&b);
}

/* ------------------------------------------------------------------ somebody else has it */

static void rfc2131_3_1_5_an_address_in_use_is_declined(void **state)
{
	const struct lab_message *t;
	struct aksu_dhcp_news news;
	aksu_time declined;

	(void)state;
	lab_start(&b, NULL);
	b.occupied = lab_addr("10.0.0.50");
	lab_turn(&b);
	lab_say(&b, lab_expect(&b, DHCP_DISCOVER), DHCP_OFFER, &LAB_GIFT);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &LAB_GIFT);
	lab_pass(&b, AKSU_SECOND);
	t = lab_expect(&b, DHCP_DECLINE);
	from_nobody_to_all(t);
	assert_true(has(t, DHCP_REQUESTED, "10.0.0.50") && has(t, DHCP_SERVER, "10.0.0.1"));
	assert_true(absent(t, DHCP_PARAMETERS));
	declined = t->at;
	lab_news(&b, AKSU_DHCP_IN_USE, &news);
	assert_memory_equal(news.mac, LAB_OTHER.b, 6);
	assert_false(link_has("10.0.0.50"));
	lab_pass(&b, 10 * AKSU_SECOND);
	t = lab_expect(&b, DHCP_DISCOVER);
	assert_true(t->at >= declined + 10 * AKSU_SECOND);

	b.occupied = lab_addr("10.0.0.99"); /* it is free by now */
	lab_say(&b, t, DHCP_OFFER, &LAB_GIFT);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &LAB_GIFT);
	lab_pass(&b, AKSU_SECOND);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	lab_end(&b);
}

/* An address that the caller gave this link or another cannot be had twice. */
static void an_address_that_the_stack_has_already_is_declined(void **state)
{
	struct aksu_addr a = lab_addr("10.0.0.50");

	(void)state;
	lab_start(&b, NULL);
	assert_int_equal(aksu_addr_add(b.s, b.link, &a, 24), 0);
	lab_turn(&b);
	lab_say(&b, lab_expect(&b, DHCP_DISCOVER), DHCP_OFFER, &LAB_GIFT);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &LAB_GIFT);
	lab_pass(&b, AKSU_SECOND);
	lab_news(&b, AKSU_DHCP_REFUSED, NULL);
	lab_expect(&b, DHCP_DECLINE);
	assert_true(link_has("10.0.0.50")); /* and it stays the caller's */
	lab_end(&b);
}

/* ------------------------------------------------------------------ a former address */

static void rfc2131_3_2_a_former_address_is_asked_for_at_once(void **state)
{
	struct aksu_dhcp_config c = {.former = lab_addr("10.0.0.50")};
	const struct lab_message *t;

	(void)state;
	lab_start(&b, &c);
	assert_int_equal(state_now(), AKSU_DHCP_REBOOTING);
	lab_turn(&b);
	t = lab_expect(&b, DHCP_REQUEST);
	from_nobody_to_all(t);
	assert_true(has(t, DHCP_REQUESTED, "10.0.0.50"));
	assert_true(absent(t, DHCP_SERVER));
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT);
	lab_pass(&b, AKSU_SECOND);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND);
	lab_silent(&b);
	lab_end(&b);
}

static void rfc2131_3_2_a_former_address_is_given_up(void **state)
{
	struct aksu_dhcp_config c = {.former = lab_addr("10.0.0.50")};
	struct lab_gift no = {.server = "10.0.0.1"};

	(void)state;
	lab_start(&b, &c);
	lab_turn(&b);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_NAK, &no);
	lab_expect(&b, DHCP_DISCOVER); /* the server says no */
	lab_end(&b);

	lab_start(&b, &c);
	lab_pass(&b, 15 * AKSU_SECOND);
	lab_expect(&b, DHCP_REQUEST); /* nobody says anything */
	lab_expect(&b, DHCP_REQUEST);
	about(lab_expect(&b, DHCP_DISCOVER)->at, 1000 * AKSU_SECOND, 12);
	lab_end(&b);
}

/* After a sleep: still here, somewhere else, or nobody answers. */
static void rfc2131_3_7_a_lease_is_confirmed(void **state)
{
	struct lab_gift no = {.server = "10.0.9.1"};
	const struct lab_message *t;
	aksu_time t1;

	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	lab_pass(&b, 60 * AKSU_SECOND);
	aksu_dhcp_confirm(b.d, b.now);
	lab_turn(&b);
	assert_true(link_has("10.0.0.50"));
	t = lab_expect(&b, DHCP_REQUEST);
	assert_true(has(t, DHCP_REQUESTED, "10.0.0.50") && absent(t, DHCP_SERVER));
	t1 = aksu_dhcp_lease(b.d)->t1;
	lab_say(&b, t, DHCP_ACK, &LAB_GIFT);
	lab_news(&b, AKSU_DHCP_RENEWED, NULL);
	assert_true(aksu_dhcp_lease(b.d)->t1 > t1);

	aksu_dhcp_confirm(b.d, b.now);
	lab_pass(&b, 20 * AKSU_SECOND);
	assert_int_equal(state_now(), AKSU_DHCP_BOUND); /* nobody answers: used on */
	assert_true(link_has("10.0.0.50"));
	lab_expect(&b, DHCP_REQUEST);
	lab_expect(&b, DHCP_REQUEST);
	lab_silent(&b);

	aksu_dhcp_confirm(b.d, b.now);
	lab_turn(&b);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_NAK, &no);
	assert_false(link_has("10.0.0.50"));
	lab_expect(&b, DHCP_DISCOVER);
	lab_end(&b);
}

/* ------------------------------------------------------------------ change and end */

/* An address that changes at renewal is checked like a new one, and the old one is gone first. */
static void another_address_at_renewal_replaces_the_first(void **state)
{
	struct lab_gift other = LAB_GIFT;

	(void)state;
	other.addr = "10.0.0.60";
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t1);
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &other);
	assert_false(link_has("10.0.0.50"));
	lab_news(&b, AKSU_DHCP_LOST, NULL);
	lab_pass(&b, AKSU_SECOND);
	lab_news(&b, AKSU_DHCP_GOT, NULL);
	assert_true(link_has("10.0.0.60"));
	assert_true(reaches("192.0.2.1"));
	lab_end(&b);
}

/* Router and MTU are those of the last answer; the address never leaves the link for it. */
static void renewal_changes_routes_and_mtu_under_an_address(void **state)
{
	struct lab_gift g = LAB_GIFT;

	(void)state;
	g.mtu = 1400;
	lab_start(&b, NULL);
	lab_bind(&b, &g);
	assert_int_equal(aksu_link_mtu(b.s, b.link), 1400);
	assert_true(reaches("192.0.2.1"));
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t1);
	g.mtu = 0;
	g.router = NULL;
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &g);
	assert_int_equal(aksu_link_mtu(b.s, b.link), 1500);
	assert_false(reaches("192.0.2.1"));
	assert_true(reaches("10.0.0.9") && link_has("10.0.0.50"));
	lab_pass_until(&b, aksu_dhcp_lease(b.d)->t1);
	g.mask = "255.255.0.0";
	lab_say(&b, lab_expect(&b, DHCP_REQUEST), DHCP_ACK, &g);
	assert_true(reaches("10.0.9.9") && link_has("10.0.0.50"));
	lab_end(&b);
}

static void rfc2131_4_4_6_release_gives_the_address_back(void **state)
{
	const struct lab_message *t;

	(void)state;
	lab_start(&b, NULL);
	lab_bind(&b, &LAB_GIFT);
	aksu_dhcp_release(b.d, b.now);
	lab_pass(&b, AKSU_SECOND);
	t = lab_expect(&b, DHCP_RELEASE);
	assert_true(mac_eq(t->to, LAB_SERVER));
	assert_true(same(&t->src, "10.0.0.50") && same(&t->dst, "10.0.0.1"));
	assert_true(same(&t->m.ciaddr, "10.0.0.50") && has(t, DHCP_SERVER, "10.0.0.1"));
	assert_true(absent(t, DHCP_REQUESTED) && absent(t, DHCP_PARAMETERS));
	assert_int_equal(state_now(), AKSU_DHCP_STOPPED);
	assert_int_equal(aksu_dhcp_deadline(b.d), AKSU_NEVER);
	assert_false(link_has("10.0.0.50") || reaches("10.0.0.9"));
	lab_pass(&b, 10000 * AKSU_SECOND);
	lab_silent(&b);
	lab_end(&b);
}

static void release_without_a_lease_is_at_once(void **state)
{
	(void)state;
	lab_start(&b, NULL);
	lab_turn(&b);
	lab_expect(&b, DHCP_DISCOVER);
	aksu_dhcp_release(b.d, b.now);
	assert_int_equal(state_now(), AKSU_DHCP_STOPPED);
	lab_pass(&b, 1000 * AKSU_SECOND);
	lab_silent(&b);
	aksu_dhcp_confirm(b.d, b.now);
	lab_pass(&b, 1000 * AKSU_SECOND);
	lab_silent(&b);
	lab_end(&b);
}

/* ------------------------------------------------------------------ rules */

static void what_is_no_client_is_refused(void **state)
{
	char name[AKSU_DHCP_HOSTNAME_MAX + 2];
	struct aksu_dhcp_config good = {.size = sizeof(good), .mac = {2, 0, 0, 0, 0, 1}}, c;
	size_t held;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	lab_start(&b, NULL);
	aksu_dhcp_free(b.d); /* its port is free again */
	good.stack = b.s;
	good.link = b.link;
	good.allocator = lab_allocator(&b);
	held = b.held;
	assert_null(aksu_dhcp_new(NULL, b.now));
	for (int row = 0; row < 7; row++) {
		c = good;
		switch (row) {
		case 0: c.size = 8; break;
		case 1: c.allocator.alloc = NULL; break;
		case 2: c.link = 7; break;
		case 3: memset(c.mac, 0, 6); break;
		case 4: c.mac[0] = 3; break;
		case 5: c.hostname = name; break;
		case 6: c.client_id = (uint8_t *)name, c.client_id_len = 1; break;
		}
		assert_null(aksu_dhcp_new(&c, b.now));
	}
	b.fail_after = 0;
	assert_null(aksu_dhcp_new(&good, b.now));
	b.fail_after = -1;
	assert_int_equal(b.held, held);
	b.d = aksu_dhcp_new(&good, b.now);
	assert_non_null(b.d);
	assert_null(aksu_dhcp_new(&good, b.now)); /* a second one on the link */
	lab_turn(&b);
	lab_expect(&b, DHCP_DISCOVER);
	lab_end(&b);
}

/* Memory fails at each place in turn: the client waits, asks again, and gets there. */
static void memory_that_fails_is_survived(void **state)
{
	(void)state;
	for (long n = 0; n < 40; n++) {
		const struct lab_message *t;

		lab_start(&b, NULL);
		b.fail_after = n;
		lab_turn(&b);
		for (int i = 0; i < 200 && state_now() != AKSU_DHCP_BOUND; i++) {
			if (i == 5)
				b.fail_after = -1;
			while ((t = lab_hear(&b)) != NULL)
				if (t->m.kind != DHCP_DECLINE)
					lab_say(&b, t,
						t->m.kind == DHCP_DISCOVER ? DHCP_OFFER : DHCP_ACK,
						&LAB_GIFT);
			lab_pass(&b, AKSU_SECOND);
		}
		assert_int_equal(state_now(), AKSU_DHCP_BOUND);
		lab_end(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc2131_3_1_four_messages_give_an_address),
		cmocka_unit_test(a_hostname_and_a_client_id_are_said),
		cmocka_unit_test(rfc2131_4_1_a_discover_is_repeated_more_and_more_slowly),
		cmocka_unit_test(rfc2131_4_4_1_the_first_message_may_wait),
		cmocka_unit_test(rfc2131_3_1_5_a_request_without_an_answer_ends),
		cmocka_unit_test(the_first_good_offer_is_taken),
		cmocka_unit_test(rfc2131_4_4_5_renews_by_unicast_at_t1),
		cmocka_unit_test(rfc2131_4_4_5_rebinds_by_broadcast_at_t2_and_ends_at_expiry),
		cmocka_unit_test(rfc2131_4_4_5_any_server_may_rebind),
		cmocka_unit_test(times_of_renewal_are_the_servers_where_they_make_sense),
		cmocka_unit_test(rfc2131_3_3_an_infinite_lease_is_never_renewed),
		cmocka_unit_test(the_longest_lease_does_not_overflow),
		cmocka_unit_test(a_lease_that_ended_during_a_pause_is_not_used),
		cmocka_unit_test(a_pause_beyond_t2_leads_to_rebinding),
		cmocka_unit_test(rfc2131_3_2_4_a_nak_while_renewing_takes_the_address),
		cmocka_unit_test(a_row_of_naks_is_answered_more_and_more_slowly),
		cmocka_unit_test(an_answer_to_another_question_is_ignored),
		cmocka_unit_test(rfc2131_3_1_5_an_address_in_use_is_declined),
		cmocka_unit_test(an_address_that_the_stack_has_already_is_declined),
		cmocka_unit_test(rfc2131_3_2_a_former_address_is_asked_for_at_once),
		cmocka_unit_test(rfc2131_3_2_a_former_address_is_given_up),
		cmocka_unit_test(rfc2131_3_7_a_lease_is_confirmed),
		cmocka_unit_test(another_address_at_renewal_replaces_the_first),
		cmocka_unit_test(renewal_changes_routes_and_mtu_under_an_address),
		cmocka_unit_test(rfc2131_4_4_6_release_gives_the_address_back),
		cmocka_unit_test(release_without_a_lease_is_at_once),
		cmocka_unit_test(what_is_no_client_is_refused),
		cmocka_unit_test(memory_that_fails_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
