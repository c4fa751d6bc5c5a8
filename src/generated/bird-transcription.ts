/* Generated from schemas/bird-transcription.json by npm run types. */

/**
 * The body of Bird's request to transcribe a recording.
 */
export interface BirdTranscription {
  locale:
    | 'ar-AE'
    | 'ar-SA'
    | 'zh-CN'
    | 'zh-TW'
    | 'da-DK'
    | 'nl-NL'
    | 'en-AU'
    | 'en-GB'
    | 'en-IN'
    | 'en-IE'
    | 'en-NZ'
    | 'en-AB'
    | 'en-ZA'
    | 'en-US'
    | 'en-WL'
    | 'fr-FR'
    | 'fr-CA'
    | 'fa-IR'
    | 'de-DE'
    | 'de-CH'
    | 'he-IL'
    | 'hi-IN'
    | 'id-ID'
    | 'it-IT'
    | 'ja-JP'
    | 'ko-KR'
    | 'ms-MY'
    | 'pt-PT'
    | 'pt-BR'
    | 'ru-RU'
    | 'es-ES'
    | 'es-US'
    | 'sv-SE'
    | 'ta-IN'
    | 'te-IN'
    | 'th-TH'
    | 'tr-TR'
    | 'vi-VN';
}
