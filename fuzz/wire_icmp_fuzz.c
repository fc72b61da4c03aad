/* SPDX-License-Identifier: MIT */
/*
 * Any octets as an ICMP and as an ICMPv6 message, its checksum made good first. What a host may
 * send is written and read again with the same meaning.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ip.h"

enum { MESSAGE_MAX = 2048 };

static const struct aksu_addr SRC = {{0xfe, 0x80, [15] = 1}}, DST = {{0xff, 0x02, [15] = 1}};

static csum sum_of(bool v4, const uint8_t *message, size_t n)
{
	csum s = csum_of(message, n);

	return v4 ? s : csum_add(s, csum_pseudo(&SRC, &DST, IP_PROTO_ICMPV6, (uint32_t)n));
}

static void seal(bool v4, uint8_t *message, size_t n)
{
	be16 field;

	if (n < 4)
		return;
	message[2] = message[3] = 0;
	field = put16(csum_finish(sum_of(v4, message, n)));
	memcpy(message + 2, &field, 2);
}

static enum aksu_drop parse(bool v4, const uint8_t *message, size_t n, struct icmp *m)
{
	return v4 ? icmp4_parse(message, n, m) : icmp6_parse(message, n, &SRC, &DST, m);
}

static bool same_nd(const struct nd *a, const struct nd *b)
{
	if (a->flags != b->flags || a->hop_limit != b->hop_limit || a->lifetime_s != b->lifetime_s)
		return false;
	if (a->reachable_ms != b->reachable_ms || a->retrans_ms != b->retrans_ms)
		return false;
	if (a->has_source != b->has_source || (a->has_source && !mac_eq(a->source, b->source)))
		return false;
	return a->has_target == b->has_target && (!a->has_target || mac_eq(a->target, b->target));
}

static void round_trip(bool v4, const struct icmp *m)
{
	uint8_t out[ICMP_HEAD_MAX + MESSAGE_MAX];
	size_t n = v4 ? icmp4_emit(m, out) : icmp6_emit(m, &SRC, &DST, out);
	struct icmp again;

	if (n == 0)
		return;
	must(n <= ICMP_HEAD_MAX && n % 8 == 0);
	if (m->len > 0)
		memcpy(out + n, m->data, m->len);
	must(parse(v4, out, n + m->len, &again) == AKSU_DROP_NONE);
	must(again.kind == m->kind && again.code == m->code && again.type == m->type);
	must(again.id == m->id && again.seq == m->seq && again.mtu == m->mtu);
	must(again.pointer == m->pointer && addr_eq(&again.target, &m->target));
	must(again.len == m->len && same_nd(&again.nd, &m->nd));
	if (m->kind == ICMP_ROUTER_ADVERTISEMENT)
		must(again.nd.mtu == m->nd.mtu && again.nd.prefixes == m->nd.prefixes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *message;

	if (size == 0 || size > MESSAGE_MAX)
		return 0;
	message = malloc(size); /* of the exact size, so that one octet too far is seen */
	must(message != NULL);
	for (int v4 = 0; v4 < 2; v4++) {
		struct icmp m;

		memcpy(message, data, size);
		seal(v4, message, size);
		if (parse(v4, message, size, &m) == AKSU_DROP_NONE) {
			must(m.len == 0 || (m.data >= message && m.data + m.len <= message + size));
			must(m.nd.prefixes <= ND_PREFIX_MAX);
			(void)icmp_is_error(&m);
			round_trip(v4, &m);
		}
	}
	free(message);
	return 0;
}
