/* SPDX-License-Identifier: MIT */
/*
 * RFC 862 over UDP on port 7, for the Linux reference of udp-rtt. Static, the
 * only other service beside lighttpd.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(7)};
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    if (s < 0 || bind(s, (struct sockaddr *)&here, sizeof(here)) != 0) {
        perror("udp_echo");
        return 1;
    }
    for (;;) {
        char bytes[2048];
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        ssize_t n = recvfrom(s, bytes, sizeof(bytes), 0,
                             (struct sockaddr *)&peer, &length);

        if (n >= 0)
            sendto(s, bytes, (size_t)n, 0, (struct sockaddr *)&peer, length);
    }
}
