# What scripts/try-windows has a real Windows do, over its restarts: each answer goes to the first serial port, one line for
# each scenario, and at the end the machine switches itself off. Written without a Windows to try it on.
#Requires -RunAsAdministrator
$ErrorActionPreference = 'Stop'
$folder = 'C:\landfall-try'
$landfall = "$folder\landfall.exe"
$choices = '--region', '@REGION@', '--activation-file', "$folder\activation.json"

function Say($line) {
    $port = New-Object System.IO.Ports.SerialPort 'COM1', 115200
    $port.Open()
    $port.WriteLine($line)
    $port.Close()
}

# Runs Landfall, and tells whether it ended so and said so.
function Try-Landfall($scenario, $arguments, $status, $words) {
    $ErrorActionPreference = 'Continue'
    $said = & $landfall @arguments 2>&1 | ForEach-Object { "$_" } | Out-String
    $ended = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    $fits = ($ended -eq $status) -and $said.Contains($words)
    Say ("{0} {1}" -f $(if ($fits) { 'passed' } else { 'FAILED' }), $scenario)
    if (-not $fits) {
        Say "  ended with $ended"
        $said -split "`r?`n" | ForEach-Object { Say "  $_" }
    }
}

# What goes on at the next logon, as the next stage.
function Go-On($stage) {
    Set-Content -Path "$folder\stage.txt" -Value $stage
    $line = "powershell -NoProfile -ExecutionPolicy Bypass -File $folder\scenarios.ps1"
    Set-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce' -Name 'landfall-try' -Value $line
    Restart-Computer -Force
    Start-Sleep -Seconds 600
}

function Wait-Status() {
    for ($try = 0; $try -lt 90; $try++) {
        & $landfall status *> $null
        if ($LASTEXITCODE -eq 0) { return }
        Start-Sleep -Seconds 10
    }
}

try {
    if (-not (Test-Path $folder)) {
        New-Item -ItemType Directory -Path $folder | Out-Null
        Copy-Item -Path "$PSScriptRoot\*" -Destination $folder
        Try-Landfall 'the release is known and can be planned for' @('plan', '--region', '@REGION@') 0 'landfall up'
        Try-Landfall 'up asks for a restart' (@('up', '--cluster', '@CLUSTER@') + $choices) 10 'shutdown /r /t 0'
        Go-On 'joined'
    }
    switch (Get-Content -Path "$folder\stage.txt") {
        'joined' {
            Wait-Status
            Try-Landfall 'it goes on by itself after the restart, and joins' @('status') 0 'container-instance/'
            Try-Landfall 'a second run has nothing to do' (@('up', '--cluster', '@CLUSTER@') + $choices) 0 'nothing to do'
            Go-On 'restarted'
        }
        'restarted' {
            Wait-Status
            Try-Landfall 'it is the same instance after a restart' @('status') 0 'container-instance/'
            Try-Landfall 'an uninstall takes it back' @('uninstall') 0 'is still known to AWS'
            foreach ($service in 'Landfall', 'AmazonSSMAgent', 'AmazonECS') {
                $there = Get-Service -Name $service -ErrorAction SilentlyContinue
                Say ("{0} the service {1} is gone" -f $(if ($there) { 'FAILED' } else { 'passed' }), $service)
            }
            Say 'the end'
            Stop-Computer -Force
        }
    }
} catch {
    Say "FAILED the script itself: $_"
    Stop-Computer -Force
}
