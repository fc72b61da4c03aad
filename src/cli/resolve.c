/* SPDX-License-Identifier: MIT */
/*
 * cli/resolve.c - see cli/resolve.h.
 */
#include "cli/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

enum { ADDR_TEXT = 46 }; /* the longest address, in text */

static bool address_of(const struct addrinfo *a, struct aksu_addr *out)
{
	const uint8_t *v4;

	if (a->ai_family == AF_INET6) {
		memcpy(out->b, &((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr,
		       sizeof(out->b));
		return true;
	}
	if (a->ai_family != AF_INET)
		return false;
	v4 = (const uint8_t *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
	*out = aksu_addr_v4(v4[0], v4[1], v4[2], v4[3]);
	return true;
}

/* fe80::1%ak0: the kernel's way to say on which link; we have one, and it must be that. */
static bool take_zone(const char *word, const char *zone, const struct host_options *o,
		      struct aksu_addr *out, struct aksu_reason *why)
{
	char addr[ADDR_TEXT];

	if ((size_t)(zone - word) >= sizeof(addr))
		return because(why, "'%s' is not an address: 10.7.0.2 and fd07::2 are", word);
	memcpy(addr, word, (size_t)(zone - word));
	addr[zone - word] = '\0';
	if (!cli_addr_parse(addr, out, why))
		return false;
	if (o->links == 1 && strcmp(zone + 1, o->link[0].link.name) == 0)
		return true;
	return because(why, "'%s': %s is not the one --link; of several the address alone decides",
		       word, zone + 1);
}

bool resolve(const char *word, const struct host_options *o, struct aksu_addr *out,
	     struct aksu_reason *why)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	bool any = false, spoken = false;
	int error;

	if (aksu_addr_parse(word, out))
		return true;
	if (strchr(word, '%'))
		return take_zone(word, strchr(word, '%'), o, out, why);
	error = getaddrinfo(word, NULL, &hints, &found);
	if (error)
		return because(why,
			       "no address for '%s': %s (the system's resolver was asked; an "
			       "address needs none)",
			       word, gai_strerror(error));
	for (const struct addrinfo *a = found; a && !spoken; a = a->ai_next) {
		struct aksu_addr address;

		if (!address_of(a, &address))
			continue;
		spoken = host_options_speak(o, &address);
		if (spoken || !any)
			*out = address;
		any = true;
	}
	freeaddrinfo(found);
	return any || because(why, "'%s' has no address that is IPv4 or IPv6", word);
}
