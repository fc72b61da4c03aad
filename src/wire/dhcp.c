/* SPDX-License-Identifier: MIT */
/*
 * wire/dhcp.c - DHCP messages, read and written (RFC 2131 section 2, RFC 2132, RFC 3396).
 *
 * Every area is walked to its end before anything of a message is used, so that whoever looks for
 * an option later cannot run over one. It judges no value.
 */
#include "wire/dhcp.h"

#include "wire/addr.h"

enum {
	BOOTREQUEST = 1,
	BOOTREPLY = 2,
	HTYPE_ETHERNET = 1,
	FLAG_BROADCAST = 0x8000,
	OVERLOAD_FILE = 1, /* RFC 2132 section 9.3, as bits */
	OVERLOAD_SNAME = 2,
};

static const uint8_t COOKIE[4] = {99, 130, 83, 99};

/* ------------------------------------------------------------------ reading */

struct part {
	uint8_t code;
	size_t len;
	const uint8_t *value;
};

/* The next option of an area; false: its end, with c->at == c->end unless something runs over it.
 */
static bool next_part(struct cur *c, struct part *out)
{
	const uint8_t *code, *len;

	do {
		code = cur_take(c, 1);
	} while (code != NULL && *code == DHCP_PAD);
	if (code == NULL)
		return false;
	if (*code == DHCP_END) {
		c->at = c->end;
		return false;
	}
	len = cur_take(c, 1);
	out->code = *code;
	out->len = len != NULL ? *len : 0;
	out->value = len != NULL ? cur_take(c, out->len) : NULL;
	if (out->value == NULL)
		c->at = NULL; /* cut off */
	return out->value != NULL;
}

static bool area_good(struct cur c)
{
	struct part p;

	while (next_part(&c, &p))
		;
	return c.at == c.end;
}

static struct cur area(const uint8_t *at, size_t n) { return (struct cur){at, at + n}; }

static bool read_areas(const struct dhcp_hdr *h, size_t n, struct dhcp *out)
{
	const uint8_t *end = (const uint8_t *)h + n;
	struct dhcp_value over;

	out->area[0] = (struct cur){(const uint8_t *)h + DHCP_HDR_LEN, end};
	out->area[1] = out->area[2] = (struct cur){end, end};
	if (!area_good(out->area[0]))
		return false;
	if (!dhcp_option(out, DHCP_OVERLOAD, &over))
		return true;
	if (over.len != 1 || over.b[0] < 1 || over.b[0] > 3)
		return false;
	/* Said once, here: an overload option in these two means nothing any more. */
	if (over.b[0] & OVERLOAD_FILE)
		out->area[1] = area(h->file, sizeof(h->file));
	if (over.b[0] & OVERLOAD_SNAME)
		out->area[2] = area(h->sname, sizeof(h->sname));
	return area_good(out->area[1]) && area_good(out->area[2]);
}

bool dhcp_parse(const uint8_t *data, size_t n, struct dhcp *out)
{
	const struct dhcp_hdr *h = (const void *)data;
	struct dhcp_value kind;

	if (n < DHCP_HDR_LEN || (h->op != BOOTREQUEST && h->op != BOOTREPLY))
		return false;
	if (h->htype != HTYPE_ETHERNET || h->hlen != sizeof(out->chaddr.b))
		return false;
	if (memcmp(h->cookie, COOKIE, sizeof(COOKIE)) != 0 || !read_areas(h, n, out))
		return false;
	if (!dhcp_option(out, DHCP_KIND, &kind) || kind.len != 1)
		return false;
	out->kind = kind.b[0];
	out->reply = h->op == BOOTREPLY;
	out->broadcast = get16(h->flags) & FLAG_BROADCAST;
	out->xid = get32(h->xid);
	out->secs = get16(h->secs);
	out->ciaddr = addr_from_v4(h->ciaddr);
	out->yiaddr = addr_from_v4(h->yiaddr);
	memcpy(out->chaddr.b, h->chaddr, sizeof(out->chaddr.b));
	return true;
}

bool dhcp_option(const struct dhcp *m, uint8_t code, struct dhcp_value *out)
{
	bool found = false;
	struct part p;

	out->len = 0;
	for (unsigned i = 0; i < COUNT_OF(m->area); i++) {
		struct cur c = m->area[i];

		while (next_part(&c, &p)) {
			if (p.code != code)
				continue;
			if (p.len > DHCP_VALUE_MAX - out->len)
				return false;
			memcpy(out->b + out->len, p.value, p.len);
			out->len += p.len;
			found = true;
		}
	}
	return found;
}

bool dhcp_u16(const struct dhcp *m, uint8_t code, uint16_t *out)
{
	struct dhcp_value v;

	if (!dhcp_option(m, code, &v) || v.len != 2)
		return false;
	*out = (uint16_t)(v.b[0] << 8 | v.b[1]);
	return true;
}

bool dhcp_u32(const struct dhcp *m, uint8_t code, uint32_t *out)
{
	struct dhcp_value v;
	be32 value;

	if (!dhcp_option(m, code, &v) || v.len != sizeof(value))
		return false;
	memcpy(&value, v.b, sizeof(value));
	*out = get32(value);
	return true;
}

bool dhcp_addr(const struct dhcp *m, uint8_t code, struct aksu_addr *out)
{
	struct dhcp_value v;

	if (!dhcp_option(m, code, &v) || v.len != 4)
		return false;
	*out = addr_from_v4(v.b);
	return true;
}

/* ------------------------------------------------------------------ writing */

static void copy_v4(uint8_t out[4], const struct aksu_addr *a)
{
	if (addr_is_v4(a))
		memcpy(out, addr_v4_bytes(a), 4);
}

struct dhcp_writer dhcp_emit(const struct dhcp *m, uint8_t *out, size_t cap)
{
	struct dhcp_writer w = {.out = out, .n = DHCP_HDR_LEN, .cap = cap};
	struct dhcp_hdr h = {
		.op = m->reply ? BOOTREPLY : BOOTREQUEST,
		.htype = HTYPE_ETHERNET,
		.hlen = sizeof(m->chaddr.b),
		.xid = put32(m->xid),
		.secs = put16(m->secs),
		.flags = put16(m->broadcast ? FLAG_BROADCAST : 0),
	};

	copy_v4(h.ciaddr, &m->ciaddr);
	copy_v4(h.yiaddr, &m->yiaddr);
	memcpy(h.chaddr, m->chaddr.b, sizeof(m->chaddr.b));
	memcpy(h.cookie, COOKIE, sizeof(COOKIE));
	memcpy(out, &h, sizeof(h));
	dhcp_put(&w, DHCP_KIND, &m->kind, 1);
	return w;
}

void dhcp_put(struct dhcp_writer *w, uint8_t code, const void *value, size_t n)
{
	if (n > UINT8_MAX || w->n + 2 + n + 1 > w->cap) /* one is the end's */
		return;
	w->out[w->n++] = code;
	w->out[w->n++] = (uint8_t)n;
	memcpy(w->out + w->n, value, n);
	w->n += n;
}

void dhcp_put_u16(struct dhcp_writer *w, uint8_t code, uint16_t value)
{
	be16 v = put16(value);

	dhcp_put(w, code, &v, sizeof(v));
}

void dhcp_put_u32(struct dhcp_writer *w, uint8_t code, uint32_t value)
{
	be32 v = put32(value);

	dhcp_put(w, code, &v, sizeof(v));
}

void dhcp_put_addr(struct dhcp_writer *w, uint8_t code, const struct aksu_addr *addr)
{
	dhcp_put(w, code, addr_v4_bytes(addr), 4);
}

size_t dhcp_end(struct dhcp_writer *w)
{
	w->out[w->n++] = DHCP_END;
	while (w->n < DHCP_LEN_MIN)
		w->out[w->n++] = DHCP_PAD;
	return w->n;
}
