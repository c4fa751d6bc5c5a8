<?php
// Receives webhooks signed with hmac-sha256: WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 webhook.php

const TOLERANCE_S = 300;

/** Whether the service has signed this; $body is the raw bytes, before anything has parsed them. */
function isGenuine(string $secret, array $headers, string $body): bool
{
    $at = $headers['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($at) || abs(time() - (int) $at) > TOLERANCE_S) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $signed = ($headers['HTTP_WEBHOOK_ID'] ?? '') . ".$at.$body";
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    return hash_equals($expected, $headers['HTTP_WEBHOOK_SIGNATURE'] ?? '');
}

$body = file_get_contents('php://input');
if (!isGenuine(getenv('WEBHOOK_SECRET'), $_SERVER, $body)) {
    http_response_code(401);
    exit;
}
$told = json_decode($body, true);
// the same id may come again: do what it says once
error_log(implode(' ', [$told['event'], $told['recording']['id'] ?? '', $told['id']]));
http_response_code(204);
